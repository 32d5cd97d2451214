// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/refraction.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "lido/geometry/camera.h"

namespace lido::geometry {
namespace {

TEST(Refraction, FollowsSnellsLaw) {
  std::mt19937_64 engine(1);
  const auto between = [&](double low, double high) {
    return std::uniform_real_distribution<>(low, high)(engine);
  };
  for (int i = 0; i < 20000; ++i) {
    const Vector3 eye(between(-20, 20), between(-20, 20), between(0.3, 8));
    const Vector3 below(between(-20, 20), between(-20, 20), -between(1e-3, 4));
    const Vector3 at = refract_at_flat_surface(eye, below);
    const Vector3 in_air = (at - eye).normalized(), in_water = (below - at).normalized();
    const double sine_air = std::hypot(in_air.x(), in_air.y()),
                 sine_water = std::hypot(in_water.x(), in_water.y());
    EXPECT_NEAR(sine_air, kWaterRefractiveIndex * sine_water, 1e-9);
    EXPECT_NEAR(at.z(), 0, 1e-12);
    // In the vertical plane of both points.
    EXPECT_NEAR((at - eye).cross(below - eye).z(), 0, 1e-9 * (below - eye).squaredNorm());
  }
}

TEST(Refraction, LeavesAVerticalRayStraight) {
  const Vector3 at = refract_at_flat_surface({2, 3, 4}, {2, 3, -1});
  EXPECT_NEAR((at - Vector3(2, 3, 0)).norm(), 0, 1e-12);
}

// A textbook's rule: seen from above, apparent depth is depth divided by the index.
TEST(Refraction, MakesWaterLookShallowerFromAbove) {
  Camera camera = look_at({0, 0, 5}, {0.01, 0, 0}, 60, 640, 360);
  const Vector3 below(0.05, 0, -2), lifted(0.05, 0, -2 / kWaterRefractiveIndex);
  EXPECT_NEAR((*camera.project_through_water(below) - *camera.project(lifted)).norm(), 0, 0.02);
}

}  // namespace
}  // namespace lido::geometry
