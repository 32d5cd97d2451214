// SPDX-License-Identifier: Apache-2.0
#include "lido/report/track_predictions.h"

#include <gtest/gtest.h>

namespace lido::report {
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

// Windows of four frames at 4 Hz, by sampling index: 0 to 3 and 2 to 5. Frames 2 and 3 are in both,
// where swimming has (0.25 + 0.875) / 2. The last frame of each window belongs to it.
TEST(TrackPredictions, AverageOverTheWindowsThatHoldAFrame) {
  TrackPredictions predictions(4);
  predictions.add(row(7, 0, 0.75, 0.25));
  predictions.add(row(7, 0.5, 1.25, 0.875));
  const std::vector<Choice> wanted = {{"drowning", 0.75},   {"drowning", 0.75},
                                      {"swimming", 0.5625}, {"swimming", 0.5625},
                                      {"swimming", 0.875},  {"swimming", 0.875}};
  for (int64_t k = 0; k < 6; ++k)
    EXPECT_EQ(predictions.at(7, k).at("behaviour"), wanted[static_cast<size_t>(k)]) << k;
}

// At 30 Hz, 31 / 30 s has no exact double.
TEST(TrackPredictions, AWindowOfOneFrameHoldsThatFrame) {
  TrackPredictions predictions(30);
  predictions.add(row(7, 31.0 / 30, 31.0 / 30, 0.5));
  EXPECT_TRUE(predictions.at(7, 30).empty());
  EXPECT_EQ(predictions.at(7, 31).size(), 1);
  EXPECT_TRUE(predictions.at(7, 32).empty());
}

TEST(TrackPredictions, AreEmptyWhereNoWindowIs) {
  TrackPredictions predictions(4);
  predictions.add(row(7, 1, 1.75, 0.5));
  EXPECT_TRUE(predictions.at(7, 3).empty());
  EXPECT_TRUE(predictions.at(7, 8).empty());
  EXPECT_TRUE(predictions.at(8, 6).empty());
  EXPECT_EQ(predictions.tracks(), 1);
}

}  // namespace
}  // namespace lido::report
