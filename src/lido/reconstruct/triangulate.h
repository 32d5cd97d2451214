// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "lido/base/options.h"
#include "lido/base/result.h"
#include "lido/geometry/camera.h"

namespace lido::reconstruct {

/// One camera's sight of a point.
struct Sighting {
  size_t camera = 0;  ///< Index into the cameras.
  Eigen::Vector2d pixel = Eigen::Vector2d::Zero();
  double sigma_px = 1;  ///< Standard deviation of either coordinate, > 0.
};

struct TriangulateOptions {
  /// Sightings farther than this from the projected point, in their standard deviations, are left
  /// out. 4: one good sighting in 3,000 is.
  double max_error_sigmas = 4;
  /// Below this angle between the widest pair of sight lines, depth is noise: 1.5 degrees is two
  /// cameras 0.5 m apart, seen from 20 m.
  double min_angle_rad = 0.026;

  static void fields(auto& self, auto&& visit) {
    visit("max_error_sigmas", self.max_error_sigmas, Within{1, 1000},
          "Largest error of a sighting that counts, in its standard deviations; raise it where "
          "cameras are poorly calibrated");
    visit("min_angle_rad", self.min_angle_rad, Within{1e-4, 3},
          "Minimum angle between the widest pair of sight lines, radians; raise it for noisy "
          "detections");
  }
};

/// A point in space from several sightings.
struct Triangulation {
  geometry::Vector3 point_in_world = geometry::Vector3::Zero();  ///< Metres; z < 0: under water.
  /// Covariance of the point, square metres, as the sightings' standard deviations imply.
  Eigen::Matrix3d covariance = Eigen::Matrix3d::Zero();
  double angle_rad = 0;      ///< Between the widest pair of sight lines, where they end.
  double rms_px = 0;         ///< Root mean square distance of the used sightings, pixels.
  std::vector<size_t> used;  ///< Indices of the sightings that agree, ascending; two at least.
};

/// Finds the point that best explains what several cameras saw, over or under still water.
///
/// Minimises the squared distances in the images, in units of their standard deviations; for
/// Gaussian noise that is the most likely point. Light is refracted at the water's surface and at
/// ports. Where sightings disagree, the largest group around any pair of them that agrees is used.
/// Pure, so safe from any thread. O(N) in sightings that agree, O(N^3) otherwise.
///
/// @param sightings  N >= 2, at most one per camera.
/// @return kInvalidArgument for fewer than two sightings, bad options, an unknown camera, or a
///         pixel or deviation that is no number; kDegenerate when no two sightings agree on a point
///         in front of their cameras, or when the sight lines of those that do are nearly parallel.
///
/// Source: Hartley and Zisserman, Multiple View Geometry, 2nd ed., sec. 12.5; through water as in
/// Agrawal and others 2012, A theory of multi-layer flat refractive geometry, CVPR.
Result<Triangulation> triangulate(std::span<const geometry::Camera> cameras,
                                  std::span<const Sighting> sightings,
                                  const TriangulateOptions& options = {});

}  // namespace lido::reconstruct
