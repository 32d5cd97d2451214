// SPDX-License-Identifier: Apache-2.0
#include "ingest_outcome.h"

#include <gtest/gtest.h>

namespace lido::cli {
namespace {

using Lines = std::vector<std::string>;

std::vector<dataset::RejectedRow> rows(const Lines& clips) {
  std::vector<dataset::RejectedRow> rows;
  for (const std::string& clip : clips) rows.push_back({.clip = clip, .reason = "no video"});
  return rows;
}

TEST(IngestOutcome, ListsTheFirstThreeReasonsOfThisRun) {
  const auto all = rows({"old", "a", "b", "c", "d", "e"});
  EXPECT_EQ(rejected_lines(all, 5, "train"),
            (Lines{"5 clips rejected:", "  a: no video", "  b: no video", "  c: no video",
                   "  and 2 more, see lido inspect train"}));
  EXPECT_EQ(rejected_lines(all, 1, "train"), (Lines{"1 clip rejected:", "  e: no video"}));
  EXPECT_EQ(rejected_lines(all, 0, "train"), Lines{});
}

TEST(IngestOutcome, WarnsOfASplitWithoutSamples) {
  EXPECT_EQ(split_lines({{"train", 1200}, {"val", 3}, {"test", 2}}, 9, "80/10/10"),
            Lines{"samples by split: train 1 200, val 3, test 2"});
  EXPECT_EQ(split_lines({{"train", 7}}, 2, "80/10/10"),
            (Lines{"samples by split: train 7, val 0, test 0",
                   "no samples in val and test: a group of clips stays in one split, and 2 groups "
                   "divided as 80/10/10 left them empty"}));
  EXPECT_EQ(split_lines({}, 2, "80/10/10"), Lines{});
}

}  // namespace
}  // namespace lido::cli
