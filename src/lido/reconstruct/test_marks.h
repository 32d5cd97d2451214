// SPDX-License-Identifier: Apache-2.0
// For tests: a pool with marks on rim and floor, and clicks on them with noise.
#pragma once

#include "lido/reconstruct/pool_points.h"
#include "lido/reconstruct/test_pool.h"

namespace lido::reconstruct {

/// A pool of 25 x 12.5 x 2 m with the six cameras of test_pool.h.
inline geometry::Site marked_site() {
  geometry::Site site;
  site.pool.outline = {{0, 0}, {25, 0}, {25, 12.5}, {0, 12.5}};
  site.pool.shallow_m = site.pool.deep_m = 2;
  site.pool.ways_in = {{0, 6}};
  site.pool.gate = {-2, 6};
  site.cameras = six_cameras();
  for (size_t i = 0; i < site.cameras.size(); ++i)
    site.cameras[i].name = fmt::format("cam{}", i + 1);
  return site;
}

/// Marks along the rim, 0.1 m over the water, and on the floor along lane lines.
/// @param with_floor  Whether those on the floor are there.
/// @param step_m  Distance of marks on the rim; those on the floor are 3 columns, or 10 if it is
///                less than 2.5 m.
inline std::vector<PoolPoint> marks_of_pool(bool with_floor, double step_m = 2.5) {
  std::vector<PoolPoint> out;
  const auto add = [&](const char* kind, double x, double y, double z) {
    out.push_back({fmt::format("{}_{}", kind, out.size() + 1), {x, y, z}});
  };
  for (double x = 0; x <= 25; x += step_m) {
    add("rim", x, 0, 0.1);
    add("rim", x, 12.5, 0.1);
  }
  for (double y = step_m; y < 12.5; y += step_m) {
    add("rim", 0, y, 0.1);
    add("rim", 25, y, 0.1);
  }
  const double columns = step_m < 2.5 ? 9 : 2;
  for (int i = 0; with_floor && i < 5; ++i) {
    for (double k = 0; k <= columns; ++k) add("floor", 2 + 21 * k / columns, 1.25 + 2.5 * i, -2);
  }
  return out;
}

/// Clicks of all marks that cameras have in their image, with Gaussian noise.
/// @param level_m  Height of the true water over that of the marks' and cameras' axes.
inline PoolPoints clicked(const std::vector<geometry::Camera>& cameras,
                          const std::vector<PoolPoint>& marks, uint64_t seed, double sigma_px,
                          double level_m = 0) {
  PoolPoints out{.points = marks, .clicks = {}};
  NoisySight sight(seed, sigma_px);
  auto over_water = cameras;
  for (geometry::Camera& one : over_water) one.position.z() -= level_m;
  for (size_t i = 0; i < marks.size(); ++i) {
    const geometry::Vector3 point = marks[i].at - geometry::Vector3(0, 0, level_m);
    for (const Sighting& one : sight.of(over_water, point)) {
      if (over_water[one.camera].contains(one.pixel))
        out.clicks.push_back({one.camera, i, one.pixel});
    }
  }
  return out;
}

/// A camera that is turned about an axis of its own and moved.
inline geometry::Camera displaced(geometry::Camera camera, double turn_rad,
                                  const geometry::Vector3& by_m) {
  camera.cam_from_world =
      Eigen::AngleAxisd(turn_rad, geometry::Vector3(1, -2, 0.5).normalized()).toRotationMatrix() *
      camera.cam_from_world;
  camera.position += by_m;
  return camera;
}

/// Angle between the poses of two cameras, radians.
inline double angle_between(const geometry::Camera& a, const geometry::Camera& b) {
  return Eigen::AngleAxisd(a.cam_from_world * b.cam_from_world.transpose()).angle();
}

}  // namespace lido::reconstruct
