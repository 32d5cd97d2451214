// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/outline.h"

#include <gtest/gtest.h>

namespace lido::geometry {
namespace {

std::string outline_message(const std::string& text, double min_m2 = 1) {
  const auto outline = read_outline(*Yaml::parse(text, "f"), min_m2);
  return outline ? std::string("read") : outline.error().message;
}

TEST(Outline, HasTheAreaOfATriangle) {
  EXPECT_DOUBLE_EQ(signed_area_m2({{0, 0}, {4, 0}, {0, 3}}), 6);
  EXPECT_DOUBLE_EQ(signed_area_m2({{0, 0}, {0, 3}, {4, 0}}), -6);
}

TEST(Outline, ContainsPointsOfAnL) {
  const std::vector<Point> shape = {{0, 0}, {4, 0}, {4, 2}, {2, 2}, {2, 4}, {0, 4}};
  EXPECT_TRUE(contains(shape, {1, 3}));
  EXPECT_TRUE(contains(shape, {3, 1}));
  EXPECT_FALSE(contains(shape, {3, 3}));
  EXPECT_FALSE(contains(shape, {-1, 1}));
}

TEST(Outline, IsTurnedCounterClockwise) {
  const auto outline = read_outline(*Yaml::parse("[[0, 0], [0, 3], [4, 0]]", "f"), 1);
  ASSERT_TRUE(outline);
  EXPECT_GT(signed_area_m2(*outline), 0);
  EXPECT_EQ(to_yaml(*outline), "[[4.000, 0.000], [0.000, 3.000], [0.000, 0.000]]");
}

TEST(Outline, IsRefusedWithItsFault) {
  EXPECT_EQ(outline_message("[[0, 0], [1, 0]]"),
            "f:1: the file is a list, want three corners or more");
  EXPECT_EQ(outline_message("[[0, 0], [4, 4], [4, 0], [0, 4]]"),
            "f:1: the file is a list, want sides that do not cross");
  EXPECT_EQ(outline_message("[[0, 0], [4, 0], [0, 3]]", 7),
            "f:1: the file is a list, want 7 square metres or more");
  EXPECT_EQ(outline_message("[[0, 0], [4], [0, 3]]"),
            "f:1: 1 is a list, want two numbers, metres: [x, y]");
}

}  // namespace
}  // namespace lido::geometry
