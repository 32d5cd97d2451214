// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace lido::geometry {
namespace {

const Pool kRectangle{.outline = {{0, 0}, {10, 0}, {10, 5}, {0, 5}}, .shallow_m = 1, .deep_m = 2};
/// An L of 9 x 3 and 4 x 3 m.
const Pool kL{.outline = {{0, 0}, {9, 0}, {9, 3}, {4, 3}, {4, 6}, {0, 6}}};

/// The closed form of a rectangle: distance to its nearest side, negative outside.
double inside_rectangle(Point p) {
  const double dx = std::max({0 - p.x, 0.0, p.x - 10}), dy = std::max({0 - p.y, 0.0, p.y - 5});
  if (dx > 0 || dy > 0) return -std::hypot(dx, dy);
  return std::min({p.x, 10 - p.x, p.y, 5 - p.y});
}

TEST(Pool, KnowsTheDistanceToItsRim) {
  std::mt19937_64 engine(1);
  std::uniform_real_distribution<> at(-4, 14);
  for (int i = 0; i < 5000; ++i) {
    const Point p{at(engine), at(engine)};
    EXPECT_NEAR(kRectangle.inside_m(p), inside_rectangle(p), 1e-12) << p.x << " " << p.y;
    EXPECT_NEAR((kRectangle.rim(p) - p).length(), std::abs(inside_rectangle(p)), 1e-12);
    EXPECT_EQ(kRectangle.is_water(p), inside_rectangle(p) > 0);
  }
}

TEST(Pool, HasTheAreaOfItsOutline) {
  std::mt19937_64 engine(2);
  std::uniform_real_distribution<> x(0, 9), y(0, 6);
  constexpr int kDraws = 40000;
  int wet = 0;
  for (int i = 0; i < kDraws; ++i) wet += kL.is_water({x(engine), y(engine)}) ? 1 : 0;
  // 39 of the 54 square metres around it, to four standard deviations.
  EXPECT_NEAR(54.0 * wet / kDraws, 39, 54 * 4 * std::sqrt(0.25 / kDraws));
  EXPECT_FALSE(kL.is_water({6, 4.5}));  // in the L's notch
  EXPECT_TRUE(kL.is_water({2, 4.5}));
}

TEST(Pool, GrowsDeeperAlongX) {
  EXPECT_DOUBLE_EQ(kRectangle.basin_m(0), 1);
  EXPECT_DOUBLE_EQ(kRectangle.basin_m(5), 1.5);
  EXPECT_DOUBLE_EQ(kRectangle.basin_m(10), 2);
  EXPECT_DOUBLE_EQ(kRectangle.basin_m(12), 2);  // beyond its end
  EXPECT_DOUBLE_EQ(kRectangle.depth_m({5, 2}), 1.5);
  EXPECT_DOUBLE_EQ(kRectangle.depth_m({5, -1}), 0);  // on land
}

TEST(Pool, HasBounds) {
  const Pool shifted{.outline = {{-2, 1}, {3, 1}, {3, 4}, {-2, 4}}};
  const Pool::Bounds bounds = shifted.bounds();
  EXPECT_EQ(bounds.low_x, -2);
  EXPECT_EQ(bounds.high_x, 3);
  EXPECT_EQ(bounds.low_y, 1);
  EXPECT_EQ(bounds.high_y, 4);
  EXPECT_EQ(kL.length_m(), 9);
  EXPECT_EQ(kL.width_m(), 6);
}

/// The message for a good pool with one line changed; "read" when it is read.
std::string error_of(std::string_view change) {
  std::string text =
      "pool:\n  outline: [[0, 0], [10, 0], [10, 5], [0, 5]]\n  shallow_m: 1\n"
      "  ways_in: [[0, 2]]\n  gate: [-1, 2]\n";
  const std::string key(change.substr(0, change.find(':')));
  const size_t at = text.find("  " + key + ":");
  if (at != text.npos) text.replace(at, text.find('\n', at) - at, "  " + std::string(change));
  const auto pool = read_pool((*Yaml::parse(text, "scene.yaml"))["pool"]);
  return pool ? std::string("read") : pool.error().message;
}

TEST(Pool, RefusesWhatNoPoolCanBe) {
  EXPECT_EQ(error_of("none: 0"), "read");
  EXPECT_EQ(error_of("shallow_m: 0"),
            "scene.yaml:3: pool.shallow_m is 0, want a number, 0.05 to 10");
  EXPECT_EQ(error_of("outline: [[0, 0], [10, 5], [10, 0], [0, 5]]"),
            "scene.yaml:2: pool.outline is a list, want sides that do not cross");
  EXPECT_EQ(error_of("outline: [[0, 0], [1, 0]]"),
            "scene.yaml:2: pool.outline is a list, want three corners or more");
  EXPECT_EQ(error_of("outline: [[0, 0], [1, 0], [1, 1]]"),
            "scene.yaml:2: pool.outline is a list, want 2 square metres or more");
  EXPECT_EQ(error_of("outline: [[0, 0], [10], [10, 5]]"),
            "scene.yaml:2: pool.outline.1 is a list, want two numbers, metres: [x, y]");
  EXPECT_EQ(error_of("ways_in: [[5, 2]]"),
            "scene.yaml:4: pool.ways_in.0 is a list, want a point of the rim, to 0.1 m");
  EXPECT_EQ(error_of("ways_in: []"),
            "scene.yaml:4: pool.ways_in is a list, want one way in at least");
  EXPECT_EQ(error_of("gate: [5, 2]"),
            "scene.yaml:5: pool.gate is a list, want a point on the deck");
  EXPECT_EQ(error_of("gate: [-9, 2]"),
            "scene.yaml:5: pool.gate is a list, want a point on the deck");
}

TEST(Pool, TurnsAClockwiseOutlineRound) {
  const auto pool = read_pool(
      (*Yaml::parse("pool:\n  outline: [[0, 5], [10, 5], [10, 0], [0, 0]]\n  shallow_m: 1\n"
                    "  ways_in: [[0, 2]]\n  gate: [-1, 2]\n",
                    "s"))["pool"]);
  ASSERT_TRUE(pool) << pool.error().message;
  double twice_area = 0;
  for (size_t i = 0; i < 4; ++i) {
    const Point a = pool->outline[i], b = pool->outline[(i + 1) % 4];
    twice_area += a.x * b.y - a.y * b.x;
  }
  EXPECT_DOUBLE_EQ(twice_area, 100);
}

TEST(Pool, IsReadBackAsWritten) {
  const Pool pool{.kind = "L",
                  .outline = kL.outline,
                  .shallow_m = 0.95,
                  .deep_m = 1.625,
                  .deck_m = 2.5,
                  .freeboard_m = 0.125,
                  .ways_in = {{0, 3}, {2.75, 0}},
                  .gate = {-2, 1.5}};
  const auto again = read_pool(*Yaml::parse(to_yaml(pool), "site.yaml"));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(to_yaml(*again), to_yaml(pool));
  EXPECT_EQ(again->outline.size(), 6u);
  EXPECT_EQ(again->outline[3].x, 4);
  EXPECT_EQ(again->deep_m, 1.625);
  EXPECT_EQ(again->ways_in[1].x, 2.75);
}

}  // namespace
}  // namespace lido::geometry
