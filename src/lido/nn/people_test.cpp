// SPDX-License-Identifier: Apache-2.0
#include "lido/nn/people.h"

#include <gtest/gtest.h>

namespace lido::nn {
namespace {

// 3 ms a window on one core of 150 GFLOP/s at most.
TEST(People, TheirNetworkIsSmall) {
  const Network network = people_network({}, {{"behaviour", 12}, {"age", 2}});
  EXPECT_LT(*operations_of(network), 400'000'000);
  EXPECT_EQ(sizes_of(network)->at("head.behaviour"), (Size{false, 12, 0, 0}));
}

TEST(People, TheirKeypointsCostLittle) {
  const std::map<std::string, int> heads = {{"behaviour", 12}, {"age", 2}};
  const Network both = people_network({.keypoints = 59}, heads);
  EXPECT_LT(*operations_of(both) - *operations_of(people_network({}, heads)), 5'000'000);
  const WindowShape alone{.height = 0, .width = 0, .keypoints = 59};
  EXPECT_LT(*operations_of(people_network(alone, heads)), 5'000'000);
}

}  // namespace
}  // namespace lido::nn
