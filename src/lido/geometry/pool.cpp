// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "lido/geometry/outline.h"

namespace lido::geometry {
namespace {

double dot(Point a, Point b) { return a.x * b.x + a.y * b.y; }

}  // namespace

bool Pool::is_water(Point p) const { return contains(outline, p); }

Pool::Nearest Pool::nearest(Point p) const {
  Point best = outline.front();
  double nearest = std::numeric_limits<double>::max();
  for (size_t i = 0; i < outline.size(); ++i) {
    const Point a = outline[i], side = outline[(i + 1) % outline.size()] - a;
    const double along = std::clamp(dot(p - a, side) / dot(side, side), 0.0, 1.0);
    const Point on = a + side * along;
    if ((p - on).length() < nearest) {
      nearest = (p - on).length();
      best = on;
    }
  }
  const double away = (p - best).length();
  return {best, is_water(p) ? away : -away};
}

double Pool::length_m() const {
  double max_x = 0;
  for (const Point p : outline) max_x = std::max(max_x, p.x);
  return max_x;
}

double Pool::width_m() const {
  double max_y = 0;
  for (const Point p : outline) max_y = std::max(max_y, p.y);
  return max_y;
}

Pool::Bounds Pool::bounds() const {
  Bounds all{1e9, 1e9, -1e9, -1e9};
  for (const Point p : outline) {
    all.low_x = std::min(all.low_x, p.x), all.high_x = std::max(all.high_x, p.x);
    all.low_y = std::min(all.low_y, p.y), all.high_y = std::max(all.high_y, p.y);
  }
  return all;
}

double Pool::basin_m(double x) const {
  const double along = length_m() > 0 ? std::clamp(x / length_m(), 0.0, 1.0) : 0;
  return shallow_m + (deep_m - shallow_m) * along;
}

double Pool::depth_m(Point p) const { return is_water(p) ? basin_m(p.x) : 0; }

Result<Pool> read_pool(const Yaml& node) {
  LIDO_TRY(node.check_keys(
      {"kind", "outline", "shallow_m", "deep_m", "deck_m", "freeboard_m", "ways_in", "gate"}));
  Pool pool;
  pool.kind = node["kind"].has_value() ? LIDO_TRY(node["kind"].text()) : "drawn";
  pool.outline = LIDO_TRY(read_outline(node["outline"], 2));
  pool.shallow_m = LIDO_TRY(node["shallow_m"].number(0.05, 10));
  pool.deep_m = LIDO_TRY(node["deep_m"].number_or(pool.shallow_m, 0.05, 10));
  pool.deck_m = LIDO_TRY(node["deck_m"].number_or(3, 0.5, 50));
  pool.freeboard_m = LIDO_TRY(node["freeboard_m"].number_or(0.1, 0, 1));
  for (const Yaml& one : LIDO_TRY(node["ways_in"].list())) {
    pool.ways_in.push_back(LIDO_TRY(read_point(one)));
    if (std::abs(pool.inside_m(pool.ways_in.back())) > 0.1)
      return one.refuse("a point of the rim, to 0.1 m");
  }
  if (pool.ways_in.empty()) return node["ways_in"].refuse("one way in at least");
  pool.gate = LIDO_TRY(read_point(node["gate"]));
  const double away = -pool.inside_m(pool.gate);
  if (away < 0 || away > pool.deck_m) return node["gate"].refuse("a point on the deck");
  return pool;
}

std::string to_yaml(const Pool& pool) {
  return fmt::format(
      "  kind: {}\n  outline: {}\n  shallow_m: {:.3f}\n  deep_m: {:.3f}\n  deck_m: {:.3f}\n"
      "  freeboard_m: {:.3f}\n  ways_in: {}\n  gate: [{:.3f}, {:.3f}]\n",
      pool.kind, to_yaml(pool.outline), pool.shallow_m, pool.deep_m, pool.deck_m, pool.freeboard_m,
      to_yaml(pool.ways_in), pool.gate.x, pool.gate.y);
}

}  // namespace lido::geometry
