// SPDX-License-Identifier: Apache-2.0
// Truth: arithmetic; MediaPipe's graph run by onnxruntime is compared in tests/e2e/test_hands.py.
#include "lido/scene/hands.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lido::scene {
namespace {

TEST(HandRegion, LiesBeyondTheWristAsLargeAsTheForearm) {
  // A forearm of 50 pixels (3-4-5), seen from the side.
  const Keypoint elbow{100, 200, 1}, wrist{130, 240, 1};
  const auto region = hand_region(nullptr, elbow, wrist, 1);
  ASSERT_TRUE(region);
  EXPECT_NEAR(region->x, 130 + 0.3 * 30, 1e-9);
  EXPECT_NEAR(region->y, 240 + 0.3 * 40, 1e-9);
  EXPECT_NEAR(region->side, 55, 1e-9);
  EXPECT_NEAR(region->up_x, 0.6, 1e-9);
  EXPECT_NEAR(region->up_y, 0.8, 1e-9);
  EXPECT_FALSE(hand_region(nullptr, elbow, elbow, 1)) << "no direction";
}

TEST(HandRegion, AForearmThatPointsToTheCameraCountsAsLongAsTheUpperArm) {
  const Keypoint shoulder{100, 100, 1}, elbow{100, 200, 1}, wrist{110, 200, 1};
  const auto region = hand_region(&shoulder, elbow, wrist, 1);
  ASSERT_TRUE(region);
  EXPECT_NEAR(region->side, 1.1 * 90, 1e-9);
  EXPECT_NEAR(region->x, 110 + 0.3 * 90, 1e-9);
  EXPECT_NEAR(region->up_x, 1, 1e-9);
}

TEST(HandRegion, IsInSquarePixels) {
  // Pixels twice as wide as high.
  const auto region = hand_region(nullptr, {10, 50, 1}, {20, 50, 1}, 2);
  ASSERT_TRUE(region);
  EXPECT_NEAR(region->x, 40 + 0.3 * 20, 1e-9);
  EXPECT_NEAR(region->side, 22, 1e-9);
}

/// An image that is brighter to the right (red) and to the bottom (green).
media::Image ramps(int side) {
  media::Image image{side, side, {}};
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      for (const int value : {2 * x, 2 * y, 7}) image.rgb.push_back(static_cast<uint8_t>(value));
    }
  }
  return image;
}

TEST(Turned, HasTheDirectionUpwards) {
  constexpr int kSide = 100, kOut = 40;
  const media::Image image = ramps(kSide);
  for (const auto& [up_x, up_y] :
       {std::pair(0.0, -1.0), std::pair(1.0, 0.0), std::pair(0.0, 1.0), std::pair(0.6, -0.8)}) {
    const media::Image out = turned(image, up_x, up_y, kOut);
    ASSERT_EQ(out.rgb.size(), size_t{kOut} * kOut * 3);
    for (int row = 0; row < kOut; ++row) {
      for (int column = 0; column < kOut; ++column) {
        // From the middle: so far to the right and down in the square.
        const double right = column + 0.5 - kOut / 2.0, down = row + 0.5 - kOut / 2.0;
        const double x = kSide / 2.0 + right * -up_y + down * -up_x;
        const double y = kSide / 2.0 + right * up_x + down * -up_y;
        const size_t at = (static_cast<size_t>(row) * kOut + static_cast<size_t>(column)) * 3;
        EXPECT_NEAR(out.rgb[at], 2 * (x - 0.5), 0.51);
        EXPECT_NEAR(out.rgb[at + 1], 2 * (y - 0.5), 0.51);
        EXPECT_EQ(out.rgb[at + 2], 7);
      }
    }
  }
  // The pixels as they are, without a turn.
  const media::Image same = turned(image, 0, -1, kOut);
  EXPECT_EQ(same.rgb[0], 2 * 30);
  EXPECT_EQ(same.rgb[1], 2 * 30);
}

TEST(HandEstimator, RefusesANetworkThatTakesNoSquare) {
  infer::Bundle bundle{.folder = "/b", .keypoints = {"wrist"}};
  bundle.input.width = 64;
  bundle.input.height = 48;
  const auto made = HandEstimator::make(bundle, 48);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message,
            "/b/bundle.json: input: got 64x48 pixels in batches of 1, want a square and batches of "
            "1 for a network of hands");
}

}  // namespace
}  // namespace lido::scene
