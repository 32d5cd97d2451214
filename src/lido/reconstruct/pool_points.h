// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lido/geometry/site.h"

namespace lido::reconstruct {

/// A point of the pool or around it whose place is known: a corner, a tile, a lamp.
struct PoolPoint {
  std::string name;
  geometry::Vector3 at = geometry::Vector3::Zero();  ///< Metres; z over the water.
};

/// A point as clicked in an image.
struct Click {
  size_t camera = 0;                                ///< Index into Site::cameras.
  size_t point = 0;                                 ///< Index into PoolPoints::points.
  Eigen::Vector2d pixel = Eigen::Vector2d::Zero();  ///< From the image's top left edge.
};

struct PoolPoints {
  std::vector<PoolPoint> points;
  std::vector<Click> clicks;  ///< At most one of a point in a camera.
};

/// Reads a file of points and clicks (YAML). Heights in the file are in the axes of the site's
/// file, and are lowered by Site::level_z.
/// @param file  Named in errors.
/// @return kInvalidArgument with file and line, as for a camera or point that does not exist, a
///         click outside the image, or points so far from the pool or so close together that they
///         have another unit.
Result<PoolPoints> read_pool_points(std::string_view text, const std::string& file,
                                    const geometry::Site& site);

/// Text that read_pool_points() reads, to edit: corners of the rim and the floor, ladders, and
/// where the site's cameras would see them.
std::string points_template(const geometry::Site& site);

}  // namespace lido::reconstruct
