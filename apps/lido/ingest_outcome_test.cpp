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
  // A split without a share is empty on purpose.
  EXPECT_EQ(split_lines({{"test", 7}}, 1, "0/0/1"),
            Lines{"samples by split: train 0, val 0, test 7"});
  EXPECT_EQ(split_lines({{"train", 7}}, 1, "9/0/1"),
            (Lines{"samples by split: train 7, val 0, test 0",
                   "no samples in test: a group of clips stays in one split, and 1 group divided "
                   "as 9/0/1 left it empty"}));
}

TEST(IngestOutcome, GivesAReasonForNoSamples) {
  ingest::Request request;
  ingest::Summary summary{.clips = 1, .samples = 1, .frames = 4};
  EXPECT_EQ(no_sample_line(request, summary), "");
  summary.samples = 0;
  EXPECT_EQ(no_sample_line(request, summary),
            "no samples: no person was found, and no label is on a frame. --samples frame cuts "
            "whole frames, into a new dataset");
  request.sampling.samples = "person";
  EXPECT_EQ(no_sample_line(request, summary),
            "no samples: no person was found. --samples frame cuts whole frames, into a new "
            "dataset");
  request.sampling.samples = "labels";
  EXPECT_EQ(no_sample_line(request, summary),
            "no samples: no label is on a frame. --samples frame cuts whole frames, into a new "
            "dataset");
  request.sampling.samples = "frame";
  EXPECT_EQ(no_sample_line(request, summary),
            "no samples: each stretch of frames is shorter than a window. Give a shorter --window, "
            "or a --stride of at most --window");
  summary.forgotten = 1;
  EXPECT_NE(no_sample_line(request, summary).find("a window, beside what lido forget removed."),
            std::string::npos);
  summary.forgotten = 0;
  summary.frames = 0;
  EXPECT_EQ(no_sample_line(request, summary), "no samples: no frame could be read");
  summary.rejected = 1;
  EXPECT_EQ(no_sample_line(request, summary), "") << "the rejected clips are listed";
}

}  // namespace
}  // namespace lido::cli
