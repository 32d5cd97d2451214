// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/limbs.h"

#include <gtest/gtest.h>

namespace lido::synth {
namespace {

TEST(Limbs, PassOverTheShortWay) {
  Angles a, b;
  a.at(Angle::kShoulderFlex) = 170;
  b.at(Angle::kShoulderFlex) = -170;
  EXPECT_NEAR(between(a, b, 0.5).at(Angle::kShoulderFlex), 180, 1e-9);
  const Swing mills{.mean = 180, .turns = -1};
  EXPECT_NEAR(mills.at(0.25), 90, 1e-9);
  EXPECT_NEAR(mills.at(1.25), 90, 1e-9);
}

}  // namespace
}  // namespace lido::synth
