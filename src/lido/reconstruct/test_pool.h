// SPDX-License-Identifier: Apache-2.0
// For tests and benchmarks: a stated layout of cameras, and noisy sightings of points.
#pragma once

#include <random>
#include <vector>

#include "lido/reconstruct/triangulate.h"

namespace lido::reconstruct {

/// Six cameras of 1280x720 over a pool of 25 x 12.5 x 2 m: three on each long side, 1.5 m from the
/// rim and 4 m over the water, at x = 0, 12.5 and 25, with 90 degrees of view, looking at the floor
/// in the middle of the pool's width. Slight barrel distortion.
inline std::vector<geometry::Camera> six_cameras() {
  std::vector<geometry::Camera> cameras;
  for (const double y : {-1.5, 14.0}) {
    for (const double x : {0.0, 12.5, 25.0}) {
      const double aim_x = 12.5 + (x - 12.5) * 0.5;
      cameras.push_back(geometry::look_at({x, y, 4}, {aim_x, 6.25, -1}, 90, 1280, 720));
      cameras.back().k = {-0.05, 0.01, 0.0005, -0.0003, 0};
    }
  }
  return cameras;
}

/// Sees points with cameras, with Gaussian noise.
class NoisySight {
 public:
  NoisySight(uint64_t seed, double sigma_px) : engine_(seed), sigma_px_(sigma_px) {}

  double between(double low, double high) {
    return std::uniform_real_distribution<>(low, high)(engine_);
  }
  geometry::Vector3 point(double low_z, double high_z) {
    return {between(0, 25), between(0, 12.5), between(low_z, high_z)};
  }
  /// Sightings of a point by the cameras that have it in their image.
  std::vector<Sighting> of(const std::vector<geometry::Camera>& cameras,
                           const geometry::Vector3& point) {
    std::normal_distribution<> noise(0, sigma_px_);
    std::vector<Sighting> sightings;
    for (size_t i = 0; i < cameras.size(); ++i) {
      const auto pixel = cameras[i].project_through_water(point);
      if (!pixel || !cameras[i].contains(*pixel)) continue;
      const Eigen::Vector2d shifted = *pixel + Eigen::Vector2d(noise(engine_), noise(engine_));
      sightings.push_back(
          {.camera = i, .pixel = shifted, .sigma_px = sigma_px_ > 0 ? sigma_px_ : 1});
    }
    return sightings;
  }

 private:
  std::mt19937_64 engine_;
  double sigma_px_;
};

/// Smallest covariance that any unbiased method can have (Cramer and Rao): the inverse of the
/// sightings' information, from differences of the plain projection.
inline Eigen::Matrix3d cramer_rao(const std::vector<geometry::Camera>& cameras,
                                  const std::vector<Sighting>& sightings,
                                  const geometry::Vector3& point) {
  constexpr double kStep_m = 1e-5;
  Eigen::Matrix3d information = Eigen::Matrix3d::Zero();
  for (const Sighting& one : sightings) {
    const geometry::Camera& camera = cameras[one.camera];
    Eigen::Matrix<double, 2, 3> slope;
    for (Eigen::Index i = 0; i < 3; ++i) {
      const geometry::Vector3 step = kStep_m * geometry::Vector3::Unit(i);
      slope.col(i) = (*camera.project_through_water(point + step) -
                      *camera.project_through_water(point - step)) /
                     (2 * kStep_m);
    }
    information += slope.transpose() * slope / (one.sigma_px * one.sigma_px);
  }
  return information.inverse();
}

}  // namespace lido::reconstruct
