// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/person.h"

#include <gtest/gtest.h>

namespace lido::synth {
namespace {

TEST(Person, GrowsAsPublished) {
  for (double years = 1; years < 18; years += 0.5)
    EXPECT_GE(stature_of(years + 0.5, false).median_m, stature_of(years, false).median_m);
  EXPECT_NEAR(stature_of(30, false).median_m, 1.75, 0.02);
  EXPECT_NEAR(stature_of(30, true).median_m, 1.62, 0.02);
  EXPECT_NEAR(stature_of(5, true).median_m, 1.10, 0.03);
}

}  // namespace
}  // namespace lido::synth
