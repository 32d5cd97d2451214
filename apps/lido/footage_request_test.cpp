// SPDX-License-Identifier: Apache-2.0
#include "footage_request.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "lido/base/test_folder.h"

namespace lido::cli {
namespace {

std::string refusal(const FootageFlags& flags) {
  const auto stretches = stretches_of(flags);
  if (stretches) return "not refused";
  EXPECT_EQ(stretches.error().code, ErrorCode::kInvalidArgument);
  return stretches.error().message;
}

/// Flags with a list of these rows.
class FootageList : public testing::Test {
 protected:
  FootageFlags list(const std::string& rows) {
    std::ofstream(file_) << "clip,time\n" << rows;
    return {.list = file_};
  }

  TestFolder folder_;
  const std::string file_ = (folder_ / "requests.csv").string();
};

TEST(Footage, IsOneClipAndTime) {
  const auto one = stretches_of({.clip = "pool3.mp4", .time = "1:02:03-1:02:04.5"});
  ASSERT_TRUE(one) << one.error().message;
  ASSERT_EQ(one->size(), 1u);
  EXPECT_EQ(one->front().clip, "pool3.mp4");
  EXPECT_DOUBLE_EQ(one->front().start_s, 3723);
  EXPECT_DOUBLE_EQ(one->front().end_s, 3724.5);
}

TEST(Footage, NamesTheFlagThatIsMissingOrTooMany) {
  EXPECT_TRUE(refusal({}).starts_with("--clip is missing, want --clip and --time, or"));
  EXPECT_TRUE(refusal({.clip = "a"}).starts_with("--time is missing"));
  EXPECT_TRUE(refusal({.time = "all"}).starts_with("--clip is missing"));
  EXPECT_TRUE(refusal({.time = "all", .list = "l.csv"}).starts_with("--list: got --time too"));
  EXPECT_TRUE(refusal({.clip = "a", .list = "l.csv"}).starts_with("--list: got --clip too"));
  EXPECT_TRUE(refusal({.clip = "a", .time = "soon"}).starts_with("--time: got \"soon\""));
}

TEST_F(FootageList, HasOneStretchARow) {
  const auto both = stretches_of(list("a.mp4,2-3\nb.mp4,all\n"));
  ASSERT_TRUE(both) << both.error().message;
  ASSERT_EQ(both->size(), 2u);
  EXPECT_EQ(both->at(0).clip, "a.mp4");
  EXPECT_DOUBLE_EQ(both->at(0).end_s, 3);
  EXPECT_EQ(both->at(1).clip, "b.mp4");
  EXPECT_DOUBLE_EQ(both->at(1).start_s, 0);
  EXPECT_TRUE(std::isinf(both->at(1).end_s));
}

TEST_F(FootageList, NamesTheLineThatIsWrong) {
  EXPECT_EQ(refusal(list("a.mp4,2-3\n,all\n")), file_ + ": line 3: clip is empty, want a name");
  EXPECT_TRUE(refusal(list("a.mp4,soon\n")).starts_with(file_ + ": line 2: time: "));
  EXPECT_EQ(refusal(list("")), file_ + ": no rows, want at least one clip and time");
}

}  // namespace
}  // namespace lido::cli
