// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/base/yaml.h"
#include "lido/geometry/point.h"

namespace lido::geometry {

/// Returns whether a polygon contains a point. Pure.
bool contains(const std::vector<Point>& outline, Point p);

/// Returns the area of a polygon, square metres; negative for clockwise corners. Pure.
double signed_area_m2(const std::vector<Point>& outline);

/// Reads [x, y], metres.
/// @return kInvalidArgument with file and line.
Result<Point> read_point(const Yaml& node);

/// Reads the corners of a polygon; the first is not repeated.
/// @param min_m2  Smallest area.
/// @return Corners counter-clockwise. kInvalidArgument with file and line for fewer than three
///         corners, sides that cross, or too small an area.
Result<std::vector<Point>> read_outline(const Yaml& node, double min_m2);

/// Text that read_outline() reads, to the millimetre: "[[0.000, 0.000], ...]".
std::string to_yaml(const std::vector<Point>& outline);

}  // namespace lido::geometry
