// SPDX-License-Identifier: Apache-2.0
#include "lido/report/drawn_clip.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "lido/scene/draw.h"

namespace lido::report {
namespace {

constexpr std::array<uint8_t, 3> kBlack = {0, 0, 0};

media::Image drawn(const DrawFrame& draw, int64_t k) {
  media::Image image{320, 180, std::vector<uint8_t>(size_t{3} * 320 * 180)};
  draw(k, image, {320, 180});
  return image;
}

/// Whether a pixel has nearly a colour; antialiasing darkens the pixels of thin lines.
bool has_colour(const media::Image& image, int x, int y, const std::array<uint8_t, 3>& colour) {
  const auto* pixel = &image.rgb[static_cast<size_t>(3 * (y * image.width + x))];
  for (size_t i = 0; i < 3; ++i) {
    if (std::abs(pixel[i] - colour[i]) > 30) return false;
  }
  return true;
}

dataset::ObjectRow person(int64_t k, int64_t track, double x) {
  dataset::ObjectRow row;
  row.k = k;
  row.track = track;
  row.x = x;
  row.y = 50;
  row.width = 60;
  row.height = 80;
  return row;
}

TrackPredictions sure(double probability) {
  TrackPredictions predictions(4);
  dataset::PredictionRow row;
  row.track = 3;
  row.start_s = 0.5;
  row.end_s = 0.75;
  row.task = "behaviour";
  row.classes = {"diving", "swimming"};
  row.probabilities = {1 - probability, probability};
  predictions.add(row);
  return predictions;
}

TEST(DrawPredictions, ABoxIsInItsOwnFrameAlone) {
  const std::vector<dataset::ObjectRow> objects = {person(2, 3, 20), person(3, 3, 120),
                                                   person(3, 0, 220)};
  const auto predictions = sure(0.9);
  const auto draw = draw_predictions({objects, predictions, 4, 0.5, ""});
  const auto earlier = drawn(draw, 1), second = drawn(draw, 2), third = drawn(draw, 3);
  const auto colour = scene::track_color(3);
  EXPECT_TRUE(has_colour(earlier, 20, 90, kBlack));
  EXPECT_TRUE(has_colour(second, 20, 90, colour));
  EXPECT_TRUE(has_colour(third, 20, 90, kBlack));
  EXPECT_TRUE(has_colour(third, 120, 90, colour));
  EXPECT_TRUE(has_colour(third, 220, 90, kBlack)) << "a box that belongs to no track";
}

// The texts of 90% and 40% differ, and below the limit the probability shows no more.
TEST(DrawPredictions, NamesNoClassBelowTheLimit) {
  const std::vector<dataset::ObjectRow> objects = {person(2, 3, 20)};
  const auto frame = [&](double probability, double limit) {
    const auto predictions = sure(probability);
    return drawn(draw_predictions({objects, predictions, 4, limit, ""}), 2).rgb;
  };
  EXPECT_NE(frame(0.9, 0.5), frame(0.8, 0.5));
  EXPECT_EQ(frame(0.9, 0.95), frame(0.8, 0.95));
  EXPECT_NE(frame(0.9, 0.5), frame(0.9, 0.95));
}

}  // namespace
}  // namespace lido::report
