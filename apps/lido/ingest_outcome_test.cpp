// SPDX-License-Identifier: Apache-2.0
#include "ingest_outcome.h"

#include <gtest/gtest.h>

namespace lido::cli {
namespace {

using Lines = std::vector<std::string>;

TEST(IngestOutcome, ListsTheFirstThreeReasons) {
  ingest::Summary summary{.rejected = 5};
  for (const char* clip : {"a", "b", "c"})
    summary.faults.push_back({.clip = clip, .reason = "no video", .rejected = true});
  EXPECT_EQ(fault_lines(summary, "train"),
            (Lines{"5 clips rejected:", "  a: no video", "  b: no video", "  c: no video",
                   "  and 2 more, see lido inspect train"}));
  EXPECT_EQ(fault_lines({}, "train"), Lines{});
}

TEST(IngestOutcome, SaysWhereAClipBrokeAndWhatIsTriedAgain) {
  const ingest::Summary summary{
      .rejected = 1,
      .broken = 1,
      .gap_hours = 12.0 / 3600,
      .faults = {{.clip = "a", .reason = "no access", .rejected = true, .retried = true},
                 {.clip = "b", .time_s = 7.25, .reason = "cut off"}}};
  EXPECT_EQ(fault_lines(summary, "train"),
            (Lines{"1 clip rejected:", "  a: no access (the next ingest tries again)",
                   "1 clip broken; 12 s left out, the rest kept:", "  b at 7.2 s: cut off"}));
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
