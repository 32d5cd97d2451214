// SPDX-License-Identifier: Apache-2.0
#include "lido/model/gesture.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace lido::model {
namespace {

const GestureInput kHand;
const GestureInput kMotion{.motion = true, .frames = 16};

std::vector<float> random_points(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> points;
  for (size_t i = 0; i < 2 * count; ++i)
    points.push_back(static_cast<float>(random() % 1000) / 1000);
  return points;
}

/// Moves, scales and mirrors points.
std::vector<float> changed(std::vector<float> points, float x, float y, float scale,
                           bool mirrored) {
  for (size_t i = 0; i < points.size(); i += 2) {
    points[i] = (mirrored ? -points[i] : points[i]) * scale + x;
    points[i + 1] = points[i + 1] * scale + y;
  }
  return points;
}

void expect_near(const std::vector<float>& a, const std::vector<float>& b, float tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], tolerance) << i;
}

TEST(GestureFeatures, AHandIsTheSameAnywhereInAnySizeAndOnEitherSide) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const auto points = random_points(kHandLandmarks, seed);
    const auto features = gesture_features(kHand, points);
    ASSERT_EQ(features.size(), static_cast<size_t>(kHand.features()));
    // 1e-3: coordinates of 300 have steps of 3e-5, and the hand is about 1 wide.
    expect_near(gesture_features(kHand, changed(points, 300, -40, 3, false)), features, 1e-3F);
    expect_near(gesture_features(kHand, changed(points, -7, 2, 0.2F, true)), features, 1e-3F);
  }
}

// A hand with straight fingers along the x axis, 1 to 4 from the wrist.
TEST(GestureFeatures, OfAStraightHandAreKnown) {
  std::vector<float> points = {10, 20};
  for (int finger = 0; finger < 5; ++finger) {
    for (int joint = 1; joint <= 4; ++joint) {
      points.push_back(10 + static_cast<float>(joint));
      points.push_back(20);
    }
  }
  const auto features = gesture_features(kHand, points);
  for (size_t i = 0; i < 40; ++i)
    EXPECT_FLOAT_EQ(features[i], i % 2 == 1 ? 0 : static_cast<float>(i / 2 % 4 + 1) / 4);
  for (size_t i = 40; i < 60; ++i) EXPECT_FLOAT_EQ(features[i], 1);  // bends and lengths
  for (size_t i = 60; i < 70; ++i) EXPECT_FLOAT_EQ(features[i], 0);  // all tips are one point
}

TEST(GestureFeatures, ABentFingerAndATurnedHandDiffer) {
  auto points = random_points(kHandLandmarks, 1);
  const auto features = gesture_features(kHand, points);
  auto turned = points;
  for (size_t i = 0; i < points.size(); i += 2) {
    turned[i] = -points[i + 1];
    turned[i + 1] = points[i];
  }
  const auto other = gesture_features(kHand, turned);
  EXPECT_GT(std::abs(other[0] - features[0]) + std::abs(other[1] - features[1]), 0.1F);
  for (size_t i = 40; i < features.size(); ++i) EXPECT_NEAR(other[i], features[i], 1e-5F);
}

TEST(GestureFeatures, OfLandmarksAtOnePointAreFinite) {
  for (const auto& input : {kHand, kMotion}) {
    for (const float value : gesture_features(input, std::vector<float>(input.coordinates(), 0.5F)))
      EXPECT_TRUE(std::isfinite(value));
  }
}

// A circle of 16 positions turns by the same angle at each; mirrored, by the opposite one.
TEST(GestureFeatures, AMotionIsTheSameAnywhereAndTurnsToItsSide) {
  std::vector<float> circle;
  for (int i = 0; i < 16; ++i) {
    circle.push_back(0.1F * static_cast<float>(std::cos(i * M_PI / 8)));
    circle.push_back(0.1F * static_cast<float>(std::sin(i * M_PI / 8)));
  }
  const auto features = gesture_features(kMotion, circle);
  const auto each = static_cast<size_t>(kMotion.features());
  ASSERT_EQ(features.size(), 16 * each);
  expect_near(gesture_features(kMotion, changed(circle, 0.3F, 0.5F, 1, false)), features, 1e-3F);
  const auto mirrored = gesture_features(kMotion, changed(circle, 0, 0, 1, true));
  for (size_t frame = 2; frame < 16; ++frame) {
    EXPECT_GT(features[frame * each + 7], 0.2F);
    EXPECT_NEAR(mirrored[frame * each + 7], -features[frame * each + 7], 1e-5F);
  }
  // A chord of an eighth of pi: 2 r sin(pi / 16), in steps of 0.02.
  EXPECT_NEAR(features[each + 6], 0.2 * std::sin(M_PI / 16) / 0.02, 1e-3);
}

}  // namespace
}  // namespace lido::model
