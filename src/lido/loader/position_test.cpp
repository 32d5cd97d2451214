// SPDX-License-Identifier: Apache-2.0
#include "lido/loader/position.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace lido::loader {
namespace {

using Ranges = std::vector<PositionRange>;

Position fresh(int64_t samples) {
  return start_of({.data = "00", .samples = samples, .seed = 7, .shuffle_mb = 64}, 0);
}

std::vector<int64_t> positions_of(const Ranges& stretches) {
  std::vector<int64_t> all;
  for (const PositionRange& one : stretches) {
    for (int64_t i = one.begin; i < one.end; ++i) all.push_back(i);
  }
  return all;
}

TEST(Position, SharesDivideWhatIsLeft) {
  const Ranges left = {{0, 4}, {10, 11}, {20, 26}};  // 11 positions
  EXPECT_EQ(share_of(left, {0, 1}), left);
  EXPECT_EQ(share_of(left, {0, 3}), (Ranges{{0, 4}}));
  EXPECT_EQ(share_of(left, {1, 3}), (Ranges{{10, 11}, {20, 23}}));
  EXPECT_EQ(share_of(left, {2, 3}), (Ranges{{23, 26}}));
  EXPECT_EQ(share_of({{0, 1}}, {1, 2}), Ranges());
}

TEST(Position, TakesFromTheFront) {
  const Ranges left = {{0, 4}, {10, 11}, {20, 26}};
  EXPECT_EQ(without_first(left, 0), left);
  EXPECT_EQ(without_first(left, 3), (Ranges{{3, 4}, {10, 11}, {20, 26}}));
  EXPECT_EQ(without_first(left, 6), (Ranges{{21, 26}}));
  EXPECT_EQ(without_first(left, 99), Ranges());
}

// 100 samples, batches of 8: after 2 batches each of 3 workers (34, 33, 33 samples), what is left
// is the end of each part.
TEST(Position, KnowsWhatOtherWorkersHaveTaken) {
  const Position now = after(fresh(100), 3, 2, 8);
  EXPECT_EQ(now.epoch, 0);
  EXPECT_EQ(now.left, (Ranges{{16, 34}, {50, 67}, {83, 100}}));
  // Workers whose parts are at an end take nothing more.
  EXPECT_EQ(after(fresh(100), 3, 1000, 8), start_of(fresh(100), 1));
  EXPECT_EQ(after(fresh(3), 2, 1, 1).left, (Ranges{{1, 2}}));
}

TEST(Position, EachSampleComesOnceWhileTheNumberOfWorkersChanges) {
  Position at = fresh(997);
  std::multiset<int64_t> seen;
  int64_t batches = 1;
  for (const int workers : {3, 1, 8, 2, 5, 4, 7}) {
    for (int rank = 0; rank < workers; ++rank) {
      const auto own = positions_of(share_of(at.left, {rank, workers}));
      const auto taken = std::min<size_t>(own.size(), static_cast<size_t>(batches * 6));
      seen.insert(own.begin(), own.begin() + static_cast<int64_t>(taken));
    }
    at = after(at, workers, batches, 6);
    ASSERT_EQ(at.epoch, 0);
    EXPECT_LE(to_text(at).size(), 600U) << "a checkpoint holds it";
    at = *parse_position(to_text(at));
    batches = batches % 3 + 1;
  }
  for (const int64_t position : positions_of(at.left)) seen.insert(position);
  ASSERT_EQ(seen.size(), 997U);
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 997U);
}

TEST(Position, IsTextAndBack) {
  Position at = after(fresh(100), 3, 2, 8);
  at.epoch = 12;
  EXPECT_EQ(*parse_position(to_text(at)), at);
  EXPECT_EQ(to_text(at),
            R"({"format":1,"data":"00","samples":100,"seed":7,"shuffle":true,"shuffle_mb":64,)"
            R"("epoch":12,"left":[[16,34],[50,67],[83,100]]})");
}

TEST(Position, RefusesOtherText) {
  const std::string good = to_text(fresh(100));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos);
    return text.replace(at, from.size(), to);
  };
  for (const std::string& text :
       {std::string("no json"), std::string("[]"), with("\"format\":1", "\"format\":2"),
        with("[[0,100]]", "[[0,101]]"), with("[[0,100]]", "[[5,5]]"), with("[[0,100]]", "[]"),
        with("[[0,100]]", "[[4,9],[8,10]]"), with("[[0,100]]", "[[-1,3]]"),
        with("[[0,100]]", "[7]"), with("\"epoch\":0", "\"epoch\":-1"),
        with("\"samples\":100", "\"samples\":1e400"), with("\"data\":\"00\"", "\"data\":0")}) {
    const auto parsed = parse_position(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(parsed.error().message.starts_with("position of a loader: ")) << text;
  }
}

TEST(Position, NamesWhatDiffersFromTheSavedRun) {
  const Position saved = fresh(100);
  EXPECT_TRUE(check_same(saved, fresh(100)));
  Position other = fresh(100);
  other.seed = 8;
  EXPECT_NE(check_same(saved, other).error().message.find("seed 7, got 8"), std::string::npos);
  other = fresh(100);
  other.data = "11";
  EXPECT_FALSE(check_same(saved, other));
  EXPECT_FALSE(check_same(saved, fresh(101)));
  other = fresh(100);
  other.shuffle_mb = 65;
  EXPECT_FALSE(check_same(saved, other));
}

}  // namespace
}  // namespace lido::loader
