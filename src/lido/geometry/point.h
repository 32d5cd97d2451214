// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Geometry>
#include <cmath>

namespace lido::geometry {

/// Metres; x along the pool, y across it, z up from the water's surface at rest.
using Vector3 = Eigen::Vector3d;

/// A point seen from above: metres from a corner of the pool, x along it, y across it.
struct Point {
  double x = 0, y = 0;
  Point operator+(Point o) const { return {x + o.x, y + o.y}; }
  Point operator-(Point o) const { return {x - o.x, y - o.y}; }
  Point operator*(double by) const { return {x * by, y * by}; }
  double length() const { return std::hypot(x, y); }
};

}  // namespace lido::geometry
