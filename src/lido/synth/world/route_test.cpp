// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/route.h"

#include <gtest/gtest.h>

#include "lido/synth/world/random.h"

namespace lido::synth {
namespace {

const Pool kRectangle{.outline = {{0, 0}, {10, 0}, {10, 5}, {0, 5}}};
const Pool kL{.outline = {{0, 0}, {9, 0}, {9, 3}, {4, 3}, {4, 6}, {0, 6}}};

double length_of(Point from, const std::vector<Point>& way) {
  double length = 0;
  for (auto point = way.rbegin(); point != way.rend(); from = *point++)
    length += (*point - from).length();
  return length;
}

TEST(Route, IsStraightWhereTheWayIsClear) {
  EXPECT_TRUE(is_clear(kRectangle, {1, 1}, {9, 4}, true));
  EXPECT_FALSE(is_clear(kRectangle, {-1, 2}, {11, 2}, false));  // through the water
  const auto way = route(kRectangle, {1, 1}, {9, 4}, true);
  ASSERT_EQ(way.size(), 1u);
  EXPECT_EQ(way[0].x, 9);
}

TEST(Route, GoesAroundThePool) {
  const Point from{5, -1}, to{5, 6};
  const auto way = route(kRectangle, from, to, false);
  ASSERT_EQ(way.size(), 3u);  // two corners, then the end
  EXPECT_EQ(way[0].y, 6);     // the end is stored first
  Point at = from;
  for (auto point = way.rbegin(); point != way.rend(); at = *point++)
    EXPECT_TRUE(is_clear(kRectangle, at, *point, false));
  EXPECT_NEAR(length_of(from, way), 2 * std::hypot(5.35, 0.65) + 5.7, 1);
}

TEST(Route, SwimsAroundTheInnerCornerOfAnL) {
  const Point from{8, 2}, to{2, 5.5};
  EXPECT_FALSE(is_clear(kL, from, to, true));
  const auto way = route(kL, from, to, true);
  ASSERT_EQ(way.size(), 2u);  // by the corner at (4, 3)
  EXPECT_NEAR((way[1] - Point{4, 3}).length(), 0.5, 1e-9);
  EXPECT_TRUE(kL.is_water(way[1]));
}

TEST(Route, IsNeverShorterThanTheStraightLine) {
  Random random(1);
  for (int i = 0; i < 300; ++i) {
    const Point from{random.between(-2, 11), random.between(-2, 8)},
        to{random.between(-2, 11), random.between(-2, 8)};
    if (kL.inside_m(from) > -0.3 || kL.inside_m(to) > -0.3) continue;
    const double length = length_of(from, route(kL, from, to, false));
    EXPECT_GE(length, (to - from).length() - 1e-9);
    // Nor longer than the way around the whole pool.
    EXPECT_LE(length, (to - from).length() + 2 * (9 + 6) + 8);
  }
}

TEST(Route, EndsAtItsTargetWhenThereIsNoWay) {
  const auto way = route(kRectangle, {5, 2}, {5, -1}, true);  // from water onto land
  ASSERT_FALSE(way.empty());
  EXPECT_EQ(way.front().y, -1);
}

}  // namespace
}  // namespace lido::synth
