// SPDX-License-Identifier: Apache-2.0
#include "lido/nn/gesture.h"

#include <gtest/gtest.h>

namespace lido::nn {
namespace {

WindowShape input_of(int frames, int features) {
  return {.frames = frames, .height = 0, .width = 0, .features = features};
}

// One frame: three fully connected layers of 64 channels and the head.
TEST(Gesture, OneFrameIsFullyConnected) {
  const Network network = gesture_network(input_of(1, 70), {{"signal", 3}});
  const auto sizes = sizes_of(network);
  ASSERT_TRUE(sizes) << sizes.error().message;
  EXPECT_EQ(sizes->at("features"), (Size{true, 70, 0, 0}));
  EXPECT_EQ(sizes->at("head.signal"), (Size{false, 3, 0, 0}));
  EXPECT_EQ(*operations_of(network), 2 * (70 * 64 + 2 * 64 * 64 + 64 * 3));
}

TEST(Gesture, AMotionIsHalvedTwice) {
  const Network network = gesture_network(input_of(16, 11), {{"signal", 4}});
  const auto sizes = *sizes_of(network);
  EXPECT_EQ(sizes.at("layer1"), (Size{false, 64, 16, 1}));
  EXPECT_EQ(sizes.at("layer3"), (Size{false, 64, 4, 1}));
  EXPECT_EQ(sizes.at("head.signal"), (Size{false, 4, 0, 0}));
}

}  // namespace
}  // namespace lido::nn
