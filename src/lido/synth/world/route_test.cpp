// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/route.h"

#include <gtest/gtest.h>

namespace lido::synth {
namespace {

TEST(Route, GoesAroundThePool) {
  Pool pool;
  pool.outline = {{0, 0}, {10, 0}, {10, 5}, {0, 5}};
  const Point from{5, -1}, to{5, 6};
  const auto way = route(pool, from, to, false);
  ASSERT_EQ(way.size(), 3u);  // two corners, then the end
  double length = (way.back() - from).length();
  for (size_t i = way.size() - 1; i > 0; --i) {
    EXPECT_TRUE(is_clear(pool, way[i], way[i - 1], false));
    length += (way[i - 1] - way[i]).length();
  }
  EXPECT_NEAR(length, 2 * std::hypot(5.35, 0.65) + 5.7, 1);
}

}  // namespace
}  // namespace lido::synth
