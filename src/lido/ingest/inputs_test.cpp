// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/inputs.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lido/ingest/test_folder.h"

namespace lido::ingest {
namespace {

class Inputs : public testing::Test {
 protected:
  Inputs() : folder_("inputs_test") {
    for (const char* name : {"a.mp4", "b.MKV", "notes.txt", "deep/c.ts"})
      EXPECT_TRUE(folder_.store().write_text(name, "12345"));
  }

  /// The clips found, relative to the folder.
  std::vector<std::string> find(const std::vector<std::string>& arguments) {
    std::vector<std::string> found;
    const size_t prefix = folder_.path().size();
    result_ = find_inputs(arguments, [&](const part::ClipInput& clip) -> Result<void> {
      found.push_back(clip.uri.substr(prefix));
      last_ = clip;
      return {};
    });
    std::ranges::sort(found);
    return found;
  }

  TestFolder folder_;
  Result<int64_t> result_;
  part::ClipInput last_;
};

TEST_F(Inputs, OfAFolderOnlyVideosAreTaken) {
  EXPECT_EQ(find({folder_.path()}), (std::vector<std::string>{"a.mp4", "b.MKV", "deep/c.ts"}));
  EXPECT_EQ(*result_, 1);
  EXPECT_EQ(last_.bytes, 5);
}

TEST_F(Inputs, AnArgumentItselfIsAlwaysTaken) {
  EXPECT_EQ(find({folder_.path("notes.txt")}), (std::vector<std::string>{"notes.txt"}));
}

TEST_F(Inputs, AListDescribesItsClips) {
  ASSERT_TRUE(folder_.store().write_text("list.csv",
                                         "clip,site,camera,start_utc\n"
                                         "deep/c.ts,north,left,1970-01-01T00:00:01Z\n"));
  EXPECT_EQ(find({folder_.path("list.csv")}), (std::vector<std::string>{"deep/c.ts"}));
  EXPECT_EQ(last_.site, "north");
  EXPECT_EQ(last_.camera, "left");
  EXPECT_EQ(last_.start_utc->us, 1'000'000);
  EXPECT_EQ(last_.bytes, 5);
}

TEST_F(Inputs, ABadListIsNamedWithItsLine) {
  const std::string list = folder_.path("list.csv");
  ASSERT_TRUE(folder_.store().write_text("list.csv", "clip,start_utc\na.mp4,\na.mp4,soon\n"));
  find({list});
  ASSERT_FALSE(result_);
  EXPECT_TRUE(result_.error().message.starts_with(list + ": line 3: start_utc: "))
      << result_.error().message;
  ASSERT_TRUE(folder_.store().write_text("list.csv", "clip\n\"\"\n"));
  find({list});
  ASSERT_FALSE(result_);
  EXPECT_EQ(result_.error().message, list + ": line 2: clip is empty, want a path or URI");
}

TEST_F(Inputs, NothingFoundIsAnError) {
  find({folder_.path("*.txt")});
  ASSERT_FALSE(result_);
  EXPECT_EQ(result_.error().code, ErrorCode::kNotFound);
  EXPECT_NE(result_.error().message.find("1 file(s) skipped"), std::string::npos);
  find({});
  ASSERT_FALSE(result_);
  EXPECT_EQ(result_.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace lido::ingest
