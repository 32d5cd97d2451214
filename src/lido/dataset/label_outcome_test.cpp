// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/label_outcome.h"

#include <gtest/gtest.h>

namespace lido::dataset {
namespace {

LostLabel lost_label(double start_s, double end_s) {
  return {.clip = "/pool/a.mp4",
          .start_s = start_s,
          .end_s = end_s,
          .task = "age",
          .label = "child",
          .place = "line 2",
          .reason = "no sample is there"};
}

TEST(LabelOutcome, WarnsOfNothingWhenAllIsWell) {
  EXPECT_TRUE(warnings({.labels = 5, .unmatched = {}}).empty());
}

TEST(LabelOutcome, WarnsWithCountClipAndSeconds) {
  LabelOutcome outcome{.labels = 9, .unmatched = {.labels = 2, .first_clip = "later.mp4"}};
  for (int i = 0; i < 4; ++i) outcome.add_lost(lost_label(i, i + 1.5));
  outcome.add_beyond(lost_label(3, 90));
  const auto lines = warnings(outcome);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0],
            "2 of 9 labels skipped, because their clips are not in the dataset; the first is "
            "\"later.mp4\"");
  EXPECT_EQ(lines[1],
            "4 of 9 labels on no sample, 6 s in all: "
            "a.mp4 0 to 1.5 s (age: child, line 2; no sample is there); "
            "a.mp4 1 to 2.5 s (age: child, line 2; no sample is there); "
            "a.mp4 2 to 3.5 s (age: child, line 2; no sample is there); ...");
  EXPECT_TRUE(lines[2].starts_with("1 of 9 labels past the end of the clip: a.mp4 3 to 90 s"));
  EXPECT_EQ(lines[3], "no sample has age: child, 6 s of labels");
}

TEST(LabelOutcome, StoresTheFirstHundredAndCountsAll) {
  LabelOutcome outcome;
  for (int i = 0; i < 150; ++i) outcome.add_lost(lost_label(i, i + 1));
  EXPECT_EQ(outcome.on_no_sample, 150);
  EXPECT_EQ(outcome.lost.size(), 100U);
  const auto json = lost_json(outcome.lost);
  ASSERT_EQ(json.size(), 100U);
  EXPECT_EQ(json[1]["start_s"], 1);
  EXPECT_EQ(json[1]["place"], "line 2");
  LostLabel frames = lost_label(5, 9);
  frames.in_frames = true;
  EXPECT_EQ(lost_json({frames})[0]["start_frame"], 5);
}

}  // namespace
}  // namespace lido::dataset
