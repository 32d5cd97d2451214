// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/random_pool.h"

#include <gtest/gtest.h>

#include <map>

namespace lido::synth {
namespace {

TEST(RandomPool, DrawsPoolsThatCanBeReadBack) {
  std::map<std::string, int> kinds;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    const Pool pool = random_pool(random);
    const auto again = geometry::read_pool(*Yaml::parse(to_yaml(pool), "drawn"));
    ASSERT_TRUE(again) << seed << ": " << again.error().message;
    EXPECT_LE(pool.shallow_m, pool.deep_m);
    ++kinds[pool.kind];
  }
  EXPECT_EQ(kinds.size(), 4u);
  // Weights 4, 1.5, 2, 1 of 8.5, to four standard deviations.
  EXPECT_NEAR(kinds["rectangle"], 300 * 4 / 8.5, 35);
  EXPECT_NEAR(kinds["toddlers"], 300 * 1 / 8.5, 23);
}

TEST(RandomPool, DrawsDepthsForThePeopleItIsFor) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const Pool pool = random_pool(random);
    if (pool.kind == "toddlers") {
      EXPECT_LE(pool.deep_m, 0.6);  // knee-deep for an adult
    } else {
      EXPECT_GE(pool.shallow_m, 0.9);
    }
    if (pool.kind == "lanes") {
      EXPECT_NEAR(std::remainder(pool.width_m(), 2.5), 0, 1e-12);  // whole lanes
    }
  }
}

TEST(RandomPool, DrawsTheSamePoolFromTheSameSeed) {
  Random first(9), again(9), other(10);
  const std::string text = to_yaml(random_pool(first));
  EXPECT_EQ(to_yaml(random_pool(again)), text);
  EXPECT_NE(to_yaml(random_pool(other)), text);
}

}  // namespace
}  // namespace lido::synth
