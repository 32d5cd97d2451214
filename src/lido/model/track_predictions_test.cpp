// SPDX-License-Identifier: Apache-2.0
#include "lido/model/track_predictions.h"

#include <gtest/gtest.h>

namespace lido::model {
namespace {

dataset::PredictionRow row(int64_t track, double start_s, double end_s, double swimming) {
  dataset::PredictionRow row;
  row.track = track;
  row.start_s = start_s;
  row.end_s = end_s;
  row.task = "behaviour";
  row.classes = {"drowning", "swimming"};
  row.probabilities = {1 - swimming, swimming};
  return row;
}

// Two windows of a second that overlap by half: 0.25 alone, (0.25 + 0.875) / 2, 0.875 alone.
TEST(TrackPredictions, AverageOverTheWindowsThatCoverATime) {
  TrackPredictions predictions;
  predictions.add(row(7, 0, 1, 0.25));
  predictions.add(row(7, 0.5, 1.5, 0.875));
  EXPECT_EQ(predictions.at(7, 0.25).at("behaviour"), (Choice{"drowning", 0.75}));
  EXPECT_EQ(predictions.at(7, 0.5).at("behaviour"), (Choice{"swimming", 0.5625}));
  EXPECT_EQ(predictions.at(7, 1).at("behaviour"), (Choice{"swimming", 0.875}));
}

TEST(TrackPredictions, AreEmptyWhereNoWindowIs) {
  TrackPredictions predictions;
  predictions.add(row(7, 1, 2, 0.5));
  EXPECT_TRUE(predictions.at(7, 0.5).empty());
  EXPECT_TRUE(predictions.at(7, 2).empty());
  EXPECT_TRUE(predictions.at(8, 1.5).empty());
  EXPECT_EQ(predictions.tracks(), 1);
}

}  // namespace
}  // namespace lido::model
