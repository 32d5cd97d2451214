// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>

#include "lido/base/box.h"
#include "lido/media/convert.h"

namespace lido::part {

// Boxes and geometries as numbers of a JSON array, in a fixed order. Json is nlohmann::json or
// nlohmann::ordered_json.

/// Numbers that append_geometry adds to an array.
inline constexpr size_t kGeometryNumbers = 6;

/// Appends width, height, scale_x, scale_y, offset_x and offset_y to an array.
template <typename Json>
void append_geometry(Json& array, const media::Geometry& geometry) {
  array.push_back(geometry.width);
  array.push_back(geometry.height);
  for (const double number :
       {geometry.scale_x, geometry.scale_y, geometry.offset_x, geometry.offset_y})
    array.push_back(number);
}

/// The geometry whose numbers begin at array[first]. Throws Json::exception when they are missing.
template <typename Json>
media::Geometry geometry_at(const Json& array, size_t first) {
  return {array.at(first),     array.at(first + 1), array.at(first + 2),
          array.at(first + 3), array.at(first + 4), array.at(first + 5)};
}

/// x, y, width and height as an array.
template <typename Json>
Json box_json(const Box& box) {
  return Json::array({box.x, box.y, box.width, box.height});
}

/// Reads what box_json wrote. Throws Json::exception for anything else.
template <typename Json>
Box box_from(const Json& array) {
  return {array.at(0), array.at(1), array.at(2), array.at(3)};
}

}  // namespace lido::part
