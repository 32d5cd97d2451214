// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lido/base/yaml.h"
#include "lido/geometry/point.h"

namespace lido::geometry {

/// A basin and the deck around it. Heights are over the water's surface at rest, in metres.
/// Safe for concurrent reads.
struct Pool {
  std::string kind;            ///< "rectangle", "L", "lanes", "toddlers", or a name of the user's.
  std::vector<Point> outline;  ///< Corners of the water, counter-clockwise; the first not repeated.
  double shallow_m = 1.2;      ///< Depth of the water at x = 0.
  double deep_m = 1.8;         ///< Depth at the largest x; linear in between.
  double deck_m = 3;           ///< Width of the deck.
  double freeboard_m = 0.1;    ///< Height of the deck over the water.
  std::vector<Point> ways_in;  ///< Ladders and steps, on the outline.
  Point gate;                  ///< Where people enter and leave, on the deck.

  bool is_water(Point p) const;
  struct Nearest {
    Point rim;        ///< The nearest point of the outline.
    double inside_m;  ///< Metres to the outline: positive over water, negative on land.
  };
  Nearest nearest(Point p) const;
  double inside_m(Point p) const { return nearest(p).inside_m; }
  Point rim(Point p) const { return nearest(p).rim; }
  struct Bounds {
    double low_x, low_y, high_x, high_y;
  };
  /// Bounding box of the outline.
  Bounds bounds() const;
  /// Depth of the basin at x, also on its rim and beyond.
  double basin_m(double x) const;
  /// Depth of the water; 0 on land.
  double depth_m(Point p) const;
  /// Largest x of the outline.
  double length_m() const;
  /// Largest y of the outline.
  double width_m() const;
};

/// Reads the pool of a scene or a site.yaml.
/// @return kInvalidArgument with file and line, as for a basin without depth, an outline that
/// crosses itself, or a way in that is not at the rim.
Result<Pool> read_pool(const Yaml& node);

/// Text that read_pool() reads: keys indented by two.
std::string to_yaml(const Pool& pool);

}  // namespace lido::geometry
