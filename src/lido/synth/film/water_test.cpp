// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/water.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lido/geometry/refraction.h"

namespace lido::synth {
namespace {

using geometry::kWaterRefractiveIndex;
using geometry::refract_at_flat_surface;

TEST(Water, FollowsTheDispersionOfDeepWater) {
  const Water water(0.05, Random(1));
  ASSERT_EQ(water.waves().size(), 8u);
  double sum = 0;
  for (const Water::Wave& wave : water.waves()) {
    const double k = std::hypot(wave.kx, wave.ky);
    EXPECT_NEAR(wave.omega * wave.omega, 9.81 * k, 1e-9);
    EXPECT_LE(2 * M_PI / k, 3.0001);  // wavelengths of 3 m at most
    EXPECT_GE(2 * M_PI / k, 0.2999);
    sum += wave.amplitude;
  }
  EXPECT_NEAR(sum, 0.05, 1e-12);
}

TEST(Water, HasTheSlopeOfItsHeight) {
  const Water water(0.05, Random(2));
  constexpr double kStep = 1e-5;
  Random random(3);
  for (int i = 0; i < 200; ++i) {
    const double x = random.between(-5, 5), y = random.between(-5, 5), t = random.between(0, 60);
    const Eigen::Vector2d slope = water.slope(x, y, t);
    const double dx = (water.height(x + kStep, y, t) - water.height(x - kStep, y, t)) / 2 / kStep;
    const double dy = (water.height(x, y + kStep, t) - water.height(x, y - kStep, t)) / 2 / kStep;
    EXPECT_NEAR(slope.x(), dx, 1e-7);
    EXPECT_NEAR(slope.y(), dy, 1e-7);
    EXPECT_LE(std::abs(water.height(x, y, t)), 0.05);
  }
}

TEST(Water, IsAMirrorWithoutHeight) {
  const Water mirror(0, Random(3));
  EXPECT_TRUE(mirror.waves().empty());
  EXPECT_EQ(mirror.height(1, 2, 3), 0);
  const Vector3 at = refract_at_waves({1, 2, 3}, {4, 1, -1.5}, mirror, 5);
  EXPECT_NEAR((at - refract_at_flat_surface({1, 2, 3}, {4, 1, -1.5})).norm(), 0, 1e-7);
}

// Fermat's principle, against neighbours on the moving surface.
TEST(Water, RefractsOnTheShortestOpticalPath) {
  Random random(2);
  for (int i = 0; i < 300; ++i) {
    const Water water(0.03, random.split(static_cast<uint64_t>(i)));
    const Vector3 eye(random.between(-6, 6), random.between(-6, 6), random.between(2, 5));
    const Vector3 below(random.between(-6, 6), random.between(-6, 6), -random.between(0.2, 2.5));
    const double time_s = random.between(0, 100);
    const Vector3 at = refract_at_waves(eye, below, water, time_s);
    const auto path = [&](double x, double y) {
      const Vector3 on(x, y, water.height(x, y, time_s));
      return (on - eye).norm() + kWaterRefractiveIndex * (below - on).norm();
    };
    const double length = path(at.x(), at.y());
    const Vector3 flat = refract_at_flat_surface(eye, below);
    EXPECT_LE(length, path(flat.x(), flat.y()) + 1e-12);
    for (int k = 0; k < 8; ++k) {
      const double angle = k * M_PI / 4;
      EXPECT_LE(length,
                path(at.x() + 1e-3 * std::cos(angle), at.y() + 1e-3 * std::sin(angle)) + 1e-10);
    }
  }
}

TEST(Water, ShowsPointsAboveItStraight) {
  const geometry::Camera camera = geometry::look_at({-2, -2, 3}, {3, 2, 0}, 80, 640, 360);
  const Water water(0.03, Random(4));
  const Vector3 above(3, 2, 0.5), below(3, 2, -1);
  EXPECT_EQ(*project_through_waves(camera, above, water, 7), *camera.project(above));
  const auto moved = project_through_waves(camera, below, water, 7);
  ASSERT_TRUE(moved);
  const double shift = (*moved - *camera.project_through_water(below)).norm();
  EXPECT_GT(shift, 0.05);  // waves move the image of what is under them
  EXPECT_LT(shift, 60);
}

}  // namespace
}  // namespace lido::synth
