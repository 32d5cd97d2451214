// SPDX-License-Identifier: Apache-2.0
#include "lido/loader/shuffler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>

namespace lido::loader {
namespace {

TEST(Shuffler, StaysBelowTheCount) {
  Shuffler random(3);
  std::array<int, 5> seen{};
  for (int i = 0; i < 5000; ++i) ++seen.at(random.below(5));
  // 1000 each, with a standard deviation of 28.
  for (const int times : seen) EXPECT_NEAR(times, 1000, 150);
}

TEST(Shuffler, ShufflesIntoAllOrdersAlike) {
  Shuffler random(9);
  std::map<std::array<int, 3>, int> seen;
  for (int i = 0; i < 6000; ++i) {
    std::array<int, 3> items = {1, 2, 3};
    random.shuffle(std::span<int>(items));
    ++seen[items];
  }
  ASSERT_EQ(seen.size(), 6U);
  for (const auto& [items, times] : seen) EXPECT_NEAR(times, 1000, 150);
}

}  // namespace
}  // namespace lido::loader
