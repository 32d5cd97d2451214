// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/agent.h"

#include <gtest/gtest.h>

namespace lido::synth {
namespace {

TEST(Agent, WalksAtASpeedOfItsStature) {
  EXPECT_NEAR(speed_factor({.stature_m = 0.85}), 0.5, 1e-12);
  EXPECT_EQ(speed_factor({.stature_m = 1.7}), 1);
  EXPECT_EQ(speed_factor({.stature_m = 2.1}), 1.05);
}

TEST(Agent, HasUnitVectors) {
  EXPECT_NEAR(unit({3, 4}).x, 0.6, 1e-12);
  EXPECT_NEAR(unit({3, 4}).y, 0.8, 1e-12);
  EXPECT_EQ(unit({0, 0}).length(), 1);
  EXPECT_NEAR(direction_of(M_PI / 2).y, 1, 1e-12);
}

}  // namespace
}  // namespace lido::synth
