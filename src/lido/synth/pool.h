// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/base/yaml.h"
#include "lido/synth/random.h"

namespace lido::synth {

/// Metres from a corner of the pool: x along it, y across it.
struct Point {
  double x = 0, y = 0;
  Point operator+(Point o) const { return {x + o.x, y + o.y}; }
  Point operator-(Point o) const { return {x - o.x, y - o.y}; }
  Point operator*(double by) const { return {x * by, y * by}; }
  double length() const { return std::hypot(x, y); }
};

/// A basin and the deck around it. Heights are over the water's surface at rest.
struct Pool {
  std::string kind;
  std::vector<Point> outline;  ///< Of the water; counter-clockwise, without its first point again.
  double shallow_m = 1.2;      ///< Depth of water at x = 0.
  double deep_m = 1.8;         ///< At the other end; straight between.
  double deck_m = 3;           ///< How wide the deck is.
  double freeboard_m = 0.1;    ///< The deck's height over the water.
  std::vector<Point> ways_in;  ///< Ladders and steps, on the outline.
  Point gate;                  ///< On the deck's outer rim: where people come and go.

  bool is_water(Point p) const;
  struct Nearest {
    Point rim;
    double inside_m;
  };
  /// Both of the next two at once.
  Nearest nearest(Point p) const;
  /// Metres to the rim: positive over water, negative on land.
  double inside_m(Point p) const { return nearest(p).inside_m; }
  /// The nearest point of the rim.
  Point rim(Point p) const { return nearest(p).rim; }
  struct Bounds {
    double low_x, low_y, high_x, high_y;
  };
  /// The outline's.
  Bounds bounds() const;
  /// How deep the basin is at x, on its rim too.
  double basin_m(double x) const;
  /// Of the water; 0 on land.
  double depth_m(Point p) const;
  double length_m() const;
  double width_m() const;
};

/// A rectangle, an L, a lane pool or a toddlers' basin, drawn at random.
Pool random_pool(Random& random);

/// Reads the pool of a scene.
/// @return kInvalidArgument with file and line for a basin of no depth, an outline that crosses
/// itself, a way in that is not at the rim.
Result<Pool> read_pool(const Yaml& node);

/// What read_pool() reads.
std::string to_yaml(const Pool& pool);

/// The pool of a site.yaml.
/// @param file  Named in errors.
Result<Pool> read_site(std::string_view text, const std::string& file);

}  // namespace lido::synth
