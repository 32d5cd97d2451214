// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/refraction.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "lido/geometry/camera.h"

namespace lido::geometry {
namespace {

class Refraction : public ::testing::Test {
 protected:
  double between(double low, double high) {
    return std::uniform_real_distribution<>(low, high)(engine_);
  }
  Vector3 random_eye() { return {between(-20, 20), between(-20, 20), between(0.3, 8)}; }
  Vector3 random_below() { return {between(-20, 20), between(-20, 20), -between(1e-3, 4)}; }

 private:
  std::mt19937_64 engine_{1};
};

TEST_F(Refraction, FollowsSnellsLaw) {
  for (int i = 0; i < 20000; ++i) {
    const Vector3 eye = random_eye(), below = random_below();
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

// Fermat's principle: light takes the shortest optical path.
TEST_F(Refraction, TakesTheShortestOpticalPath) {
  for (int i = 0; i < 2000; ++i) {
    const Vector3 eye = random_eye(), below = random_below();
    const Vector3 at = refract_at_flat_surface(eye, below);
    const auto path = [&](const Vector3& on) {
      return (on - eye).norm() + kWaterRefractiveIndex * (below - on).norm();
    };
    for (const Vector3& step :
         {Vector3(0.01, 0, 0), Vector3(-0.01, 0, 0), Vector3(0, 0.01, 0), Vector3(0, -0.01, 0)})
      EXPECT_LE(path(at), path(at + step) + 1e-12);
  }
}

TEST_F(Refraction, NeverReachesTheCriticalAngleInWater) {
  for (int i = 0; i < 2000; ++i) {
    const Vector3 eye = random_eye(), below = random_below();
    const Vector3 ray = (refract_at_flat_surface(eye, below) - below).normalized();
    EXPECT_LT(std::hypot(ray.x(), ray.y()), 1 / kWaterRefractiveIndex);
  }
}

TEST_F(Refraction, LeavesAVerticalRayStraight) {
  const Vector3 at = refract_at_flat_surface({2, 3, 4}, {2, 3, -1});
  EXPECT_NEAR((at - Vector3(2, 3, 0)).norm(), 0, 1e-12);
}

TEST_F(Refraction, DoesNotDependOnTheHorizontalDirection) {
  const double r = refract_at_flat_surface({0, 0, 3}, {5, 0, -1}).norm();
  for (double angle = 0.1; angle < 6; angle += 0.7) {
    const Vector3 below(5 * std::cos(angle), 5 * std::sin(angle), -1);
    EXPECT_NEAR(refract_at_flat_surface({0, 0, 3}, below).norm(), r, 1e-12);
  }
}

// A textbook's rule: seen from above, apparent depth is depth divided by the index.
TEST_F(Refraction, MakesWaterLookShallowerFromAbove) {
  const Camera camera = look_at({0, 0, 5}, {0.01, 0, 0}, 60, 640, 360);
  const Vector3 below(0.05, 0, -2), lifted(0.05, 0, -2 / kWaterRefractiveIndex);
  EXPECT_NEAR((*camera.project_through_water(below) - *camera.project(lifted)).norm(), 0, 0.02);
}

TEST_F(Refraction, HasTheDerivativesOfDifferences) {
  constexpr double kStep = 1e-6;
  for (int i = 0; i < 2000; ++i) {
    // Every tenth ray is nearly or wholly vertical.
    const Vector3 eye = random_eye();
    Vector3 below = random_below();
    if (i % 10 == 0) below.head<2>() = eye.head<2>() + Eigen::Vector2d(i % 20 == 0 ? 0 : 1e-4, 0);
    const auto crossing = differentiate_refraction(eye, below, 1.34);
    const Vector3 plain = refract_at_flat_surface(eye, below, 1.34);
    EXPECT_LT((crossing.at - plain).norm(), 1e-10 * (1 + (below - eye).norm()));
    for (Eigen::Index axis = 0; axis < 3; ++axis) {
      const Vector3 by = kStep * Vector3::Unit(axis);
      const Vector3 by_eye = refract_at_flat_surface(eye + by, below, 1.34) -
                             refract_at_flat_surface(eye - by, below, 1.34);
      EXPECT_LT((crossing.by_eye.col(axis) - by_eye / (2 * kStep)).norm(), 1e-6);
      const Vector3 by_below = refract_at_flat_surface(eye, below + by, 1.34) -
                               refract_at_flat_surface(eye, below - by, 1.34);
      EXPECT_LT((crossing.by_below.col(axis) - by_below / (2 * kStep)).norm(), 1e-6);
    }
    const Vector3 by_index = refract_at_flat_surface(eye, below, 1.34 + kStep) -
                             refract_at_flat_surface(eye, below, 1.34 - kStep);
    EXPECT_LT((crossing.by_index - by_index / (2 * kStep)).norm(), 1e-6);
  }
}

TEST_F(Refraction, TurnsADirectionAsItTurnsARay) {
  for (int i = 0; i < 2000; ++i) {
    const Vector3 eye = random_eye(), below = random_below();
    const Vector3 at = refract_at_flat_surface(eye, below);
    const auto turned =
        refract_direction((at - eye).normalized(), Vector3::UnitZ(), 1 / kWaterRefractiveIndex);
    ASSERT_TRUE(turned);
    EXPECT_LT((*turned - (below - at).normalized()).norm(), 1e-8);
  }
}

// The critical angle of water is asin(1 / 1.333) = 48.6 degrees.
TEST_F(Refraction, ReflectsTotallyBeyondTheCriticalAngle) {
  const auto up = [](double degrees) {
    const double angle = degrees * M_PI / 180;
    return refract_direction({std::sin(angle), 0, std::cos(angle)}, -Vector3::UnitZ(),
                             kWaterRefractiveIndex);
  };
  EXPECT_TRUE(up(48.5));
  EXPECT_FALSE(up(48.7));
}

}  // namespace
}  // namespace lido::geometry
