// SPDX-License-Identifier: Apache-2.0
#include "lido/model/keypoint_features.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "lido/dataset/augment.h"

namespace lido::model {
namespace {

constexpr loader::Shape kShape{.frames = 2, .height = 100, .width = 100};
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// Two frames of two keypoints. The cutouts are 50 and 100 source pixels wide, with their middles
/// at (125, 225) and (150, 250).
dataset::SampleRow sample() {
  dataset::SampleRow row;
  row.keypoints = {50, 0, 0.5, 75, 100, 1, 100, 50, 0.25, kNone, kNone, kNone};
  row.boxes = {10, 10, 80, 40, 20, 10, 60, 80};
  row.cutouts = {2, 2, -200, -400, 1, 1, -100, -200};
  return row;
}

// By hand: (50, 0) is (0, -1) of the cutout, half sure; the box moved by 25 of 50 pixels each way,
// and is twice as large.
TEST(KeypointFeatures, AreRelativeToTheCutout) {
  const auto features = keypoint_features(sample(), kShape, 2);
  const std::vector<float> wanted = {
      0,     -0.5F, 0.5F,  0.5F, 1,    1,    1,
      0.8F,  0.4F,  0,     0,    0,    0,    0,  //
      0.25F, 0,     0.25F, 0,    0,    0,    1,
      0.6F,  0.8F,  2.5F,  2.5F, 0.5F, 0.5F, std::numbers::ln2_v<float>};
  ASSERT_EQ(features.size(), wanted.size());
  EXPECT_EQ(static_cast<int>(features.size()), 2 * KeypointInput({"a", "b"}).features());
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(features[i], wanted[i], 1e-6) << i;
}

TEST(KeypointFeatures, DoNotDependOnThePlaceInTheClip) {
  auto moved = sample();
  for (size_t i = 0; i < moved.cutouts.size(); i += 4) {
    moved.cutouts[i + 2] += 300 * moved.cutouts[i];
    moved.cutouts[i + 3] -= 70 * moved.cutouts[i + 1];
  }
  const auto one = keypoint_features(sample(), kShape, 2);
  const auto other = keypoint_features(moved, kShape, 2);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(one[i], other[i], 1e-5) << i;
}

// A mirrored frame mirrors the keypoints; the steps of the box follow by the augmentation's map.
TEST(KeypointFeatures, StepsAreMirroredWithTheFrame) {
  const auto plain = keypoint_features(sample(), kShape, 2);
  const auto mirrored = keypoint_features(sample(), kShape, 2, {-1, 0, 100, 0, 1, 0});
  for (size_t i = 0; i < plain.size(); ++i) {
    const bool is_across = i == 14 + 9 || i == 14 + 11;
    EXPECT_NEAR(mirrored[i], is_across ? -plain[i] : plain[i], 1e-6) << i;
  }
}

TEST(KeypointFeatures, AreZeroWithoutAPose) {
  auto row = sample();
  std::ranges::fill(row.keypoints, kNone);
  EXPECT_EQ(keypoint_features(row, kShape, 2), std::vector<float>(28));
  row.keypoints.clear();
  EXPECT_EQ(keypoint_features(row, kShape, 2), std::vector<float>(28));
  EXPECT_EQ(keypoint_features(sample(), kShape, 17), std::vector<float>(2 * 59));
}

TEST(KeypointFeatures, AreFiniteForAnyNumbers) {
  auto row = sample();
  row.keypoints[0] = 1e300;
  row.keypoints[3] = std::numeric_limits<double>::infinity();
  row.cutouts = {0, 0, kNone, 1e300, 1e-300, 0, 0, 0};
  row.boxes[2] = kNone;
  for (const float value : keypoint_features(row, kShape, 2)) {
    EXPECT_TRUE(std::isfinite(value));
    EXPECT_LE(std::abs(value), 8);
  }
}

}  // namespace
}  // namespace lido::model
