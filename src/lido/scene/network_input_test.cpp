// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/network_input.h"

#include <gtest/gtest.h>

#include <vector>

namespace lido::scene {
namespace {

/// An image of 16 x 16 pixels; pixel i has the colours i % 256, 7 and 200.
media::Image image() {
  media::Image made{.width = 16, .height = 16};
  for (int i = 0; i < 256; ++i)
    for (const int value : {i, 7, 200}) made.rgb.push_back(static_cast<uint8_t>(value));
  return made;
}

TEST(NetworkInput, HasTheOrderAndTheValuesThatTheNetworkWants) {
  for (const bool planar : {false, true}) {
    for (const bool bgr : {false, true}) {
      NetworkInput input({.width = 16,
                          .height = 16,
                          .planar = planar,
                          .bgr = bgr,
                          .mean = {10, 20, 30},
                          .std = {2, 4, 8}});
      std::vector<float> values(input.size());
      ASSERT_EQ(values.size(), 3U * 16 * 16);
      input.fill(image(), values);
      for (int i = 0; i < 256; ++i) {
        const auto at = [&](int channel) {
          return values[planar ? channel * 256 + i : 3 * i + channel];
        };
        // (pixel - mean) / std in the network's order of channels.
        EXPECT_FLOAT_EQ(at(0), static_cast<float>((bgr ? 200 : i) - 10) / 2) << i;
        EXPECT_FLOAT_EQ(at(1), (7 - 20) / 4.0F) << i;
        EXPECT_FLOAT_EQ(at(2), static_cast<float>((bgr ? i : 200) - 30) / 8) << i;
      }
    }
  }
}

}  // namespace
}  // namespace lido::scene
