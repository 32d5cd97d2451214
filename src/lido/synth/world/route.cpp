// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/route.h"

#include <limits>

namespace lido::synth {
namespace {

/// Points at 0.5 m from each corner, on land or in the water.
std::vector<Point> corners_of(const Pool& pool, bool in_water) {
  constexpr double kOff_m = 0.5;
  std::vector<Point> corners;
  for (const Point corner : pool.outline) {
    Point best = corner;
    double furthest = 0;
    for (int i = 0; i < 8; ++i) {
      const double angle = M_PI / 8 + M_PI / 4 * i;
      const Point p = corner + Point{std::cos(angle), std::sin(angle)} * kOff_m;
      const double off = in_water ? pool.inside_m(p) : -pool.inside_m(p);
      if (off > furthest) {
        furthest = off;
        best = p;
      }
    }
    if (furthest > 0) corners.push_back(best);
  }
  return corners;
}

}  // namespace

bool is_clear(const Pool& pool, Point from, Point to, bool in_water) {
  constexpr double kEach_m = 0.2;
  const Point way = to - from;
  const int steps = std::max(1, static_cast<int>(way.length() / kEach_m));
  for (int i = 1; i < steps; ++i) {
    const double inside = pool.inside_m(from + way * (static_cast<double>(i) / steps));
    if (in_water ? inside < 0.05 : inside > -0.05) return false;
  }
  return true;
}

std::vector<Point> route(const Pool& pool, Point from, Point to, bool in_water) {
  if (is_clear(pool, from, to, in_water)) return {to};
  std::vector<Point> nodes = corners_of(pool, in_water);
  nodes.push_back(to);
  nodes.push_back(from);
  // Dijkstra's algorithm from the end; a pool has few corners.
  const size_t count = nodes.size();
  std::vector<double> far(count, std::numeric_limits<double>::max());
  std::vector<size_t> next(count, count - 2);
  std::vector<bool> done(count);
  far[count - 2] = 0;
  for (size_t turn = 0; turn < count; ++turn) {
    size_t nearest = count;
    for (size_t i = 0; i < count; ++i) {
      if (!done[i] && (nearest == count || far[i] < far[nearest])) nearest = i;
    }
    if (far[nearest] == std::numeric_limits<double>::max()) break;
    done[nearest] = true;
    for (size_t i = 0; i < count; ++i) {
      const double longer = far[nearest] + (nodes[i] - nodes[nearest]).length();
      if (done[i] || longer >= far[i] || !is_clear(pool, nodes[i], nodes[nearest], in_water))
        continue;
      far[i] = longer;
      next[i] = nearest;
    }
  }
  std::vector<Point> way;
  for (size_t at = next[count - 1];; at = next[at]) {
    way.insert(way.begin(), nodes[at]);
    if (at == count - 2) break;
  }
  return way;
}

}  // namespace lido::synth
