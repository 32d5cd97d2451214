// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/schedule.h"

#include <gtest/gtest.h>

namespace lido::learn {
namespace {

TEST(Schedule, RisesThenFallsAlongACosine) {
  const Schedule schedule{.highest = 2, .steps = 100, .warmup = 0.2};
  EXPECT_DOUBLE_EQ(schedule.rate(0), 0.1);
  EXPECT_DOUBLE_EQ(schedule.rate(9), 1);
  EXPECT_DOUBLE_EQ(schedule.rate(20), 2);
  EXPECT_NEAR(schedule.rate(60), 1, 1e-12);  // half of the cosine
  EXPECT_NEAR(schedule.rate(40), 1 + 0.70710678, 1e-8);
  for (int step = 21; step < 100; ++step) EXPECT_LT(schedule.rate(step), schedule.rate(step - 1));
  EXPECT_GT(schedule.rate(99), 0);
}

TEST(Schedule, AllOrNothingOfTheStepsMayRise) {
  EXPECT_DOUBLE_EQ((Schedule{.highest = 1, .steps = 10, .warmup = 0}.rate(0)), 1);
  EXPECT_DOUBLE_EQ((Schedule{.highest = 1, .steps = 10, .warmup = 1}.rate(4)), 0.5);
  EXPECT_DOUBLE_EQ((Schedule{.highest = 1, .steps = 1, .warmup = 0.05}.rate(0)), 1);
}

}  // namespace
}  // namespace lido::learn
