// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "lido/geometry/camera.h"

namespace lido::reconstruct {

/// A known point and where a camera sees it.
struct SeenPoint {
  geometry::Vector3 at = geometry::Vector3::Zero();  ///< Metres, z over the water.
  Eigen::Vector2d pixel = Eigen::Vector2d::Zero();
};

/// Finds poses from which a camera could see points where it sees them, as starts of an adjustment:
/// from all points and from samples of four, so that some wrong points do not matter, and for focal
/// lengths of half to twice the camera's own, if they are free. Only poses on the camera's side of
/// the water. Deterministic. Pure.
/// @param points  Four or more.
/// @return The best few, best first; empty if there is none. Cameras under water have none.
std::vector<geometry::Camera> start_poses(const geometry::Camera& camera,
                                          std::span<const SeenPoint> points, bool free_focal);

}  // namespace lido::reconstruct
