// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/outline.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace lido::geometry {
namespace {

double cross(Point a, Point b) { return a.x * b.y - a.y * b.x; }

bool meet(Point a, Point b, Point c, Point d) {
  const double one = cross(b - a, c - a), two = cross(b - a, d - a);
  const double three = cross(d - c, a - c), four = cross(d - c, b - c);
  return one * two < 0 && three * four < 0;
}

bool crosses_itself(const std::vector<Point>& outline) {
  const size_t n = outline.size();
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = i + 1; j < n; ++j) {
      if (meet(outline[i], outline[(i + 1) % n], outline[j], outline[(j + 1) % n])) return true;
    }
  }
  return false;
}

}  // namespace

bool contains(const std::vector<Point>& outline, Point p) {
  bool inside = false;
  for (size_t i = 0, j = outline.size() - 1; i < outline.size(); j = i++) {
    const Point a = outline[i], b = outline[j];
    if ((a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x)
      inside = !inside;
  }
  return inside;
}

double signed_area_m2(const std::vector<Point>& outline) {
  double twice = 0;
  for (size_t i = 0; i < outline.size(); ++i)
    twice += cross(outline[i], outline[(i + 1) % outline.size()]);
  return twice / 2;
}

Result<Point> read_point(const Yaml& node) {
  const auto pair = LIDO_TRY(node.list());
  if (pair.size() != 2) return node.refuse("two numbers, metres: [x, y]");
  return Point{LIDO_TRY(pair[0].number(-500, 500)), LIDO_TRY(pair[1].number(-500, 500))};
}

Result<std::vector<Point>> read_outline(const Yaml& node, double min_m2) {
  std::vector<Point> outline;
  // Sides are compared in pairs.
  constexpr size_t kMaxCorners = 1000;
  for (const Yaml& one : LIDO_TRY(node.list())) outline.push_back(LIDO_TRY(read_point(one)));
  if (outline.size() < 3) return node.refuse("three corners or more");
  if (outline.size() > kMaxCorners) return node.refuse("a thousand corners at most");
  if (crosses_itself(outline)) return node.refuse("sides that do not cross");
  const double area_m2 = signed_area_m2(outline);
  if (std::abs(area_m2) < min_m2)
    return node.refuse(fmt::format("{:g} square metres or more", min_m2));
  if (area_m2 < 0) std::ranges::reverse(outline);
  return outline;
}

std::string to_yaml(const std::vector<Point>& outline) {
  std::vector<std::string> texts;
  for (const Point p : outline) texts.push_back(fmt::format("[{:.3f}, {:.3f}]", p.x, p.y));
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

}  // namespace lido::geometry
