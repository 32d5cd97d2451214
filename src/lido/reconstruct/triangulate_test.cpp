// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/triangulate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lido/geometry/refraction.h"
#include "lido/reconstruct/test_pool.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;
using geometry::Vector3;

std::string message(const Result<Triangulation>& result) {
  return result ? "found" : result.error().message;
}

TEST(Triangulate, FindsExactPointsOverAndUnderWater) {
  const auto cameras = six_cameras();
  NoisySight sight(1, 0);
  for (int i = 0; i < 500; ++i) {
    const Vector3 point = sight.point(i % 2 == 0 ? -2 : 0, i % 2 == 0 ? 0 : 1.9);
    const auto sightings = sight.of(cameras, point);
    if (sightings.size() < 2) continue;
    const auto found = triangulate(cameras, sightings);
    ASSERT_TRUE(found) << message(found);
    EXPECT_LT((found->point_in_world - point).norm(), 1e-4) << point.transpose();
    EXPECT_EQ(found->used.size(), sightings.size());
    EXPECT_LT(found->rms_px, 1e-2);
  }
}

// Two sight lines whose meeting under water is arithmetic.
TEST(Triangulate, MeetsSnellsLawOnPaper) {
  const std::vector<Camera> cameras = {geometry::look_at({-3, 0, 3}, {0, 0, 0}, 60, 640, 360),
                                       geometry::look_at({3, 0, 3}, {0, 0, 0}, 60, 640, 360)};
  // Each crosses the surface 0.4 m before the middle, after 2.6 m across and 3 m down in air.
  const double before_m = 0.4, across_m = 3 - before_m;
  const std::vector<Sighting> sightings = {
      {.camera = 0, .pixel = *cameras[0].project({-before_m, 0, 0})},
      {.camera = 1, .pixel = *cameras[1].project({before_m, 0, 0})}};
  const double sine_in_air = across_m / std::hypot(across_m, 3);
  const double angle_in_water = std::asin(sine_in_air / geometry::kWaterRefractiveIndex);
  const auto found = triangulate(cameras, sightings);
  ASSERT_TRUE(found) << message(found);
  const Vector3 meeting(0, 0, -before_m / std::tan(angle_in_water));
  EXPECT_LT((found->point_in_world - meeting).norm(), 1e-6);
  EXPECT_NEAR(found->angle_rad, 2 * angle_in_water, 1e-6);
}

// The likeliest point's error approaches the bound of Cramer and Rao, which the test computes from
// differences of the plain projection; errors agree with the covariance that is returned.
TEST(Triangulate, ReachesTheBoundOfCramerAndRao) {
  const auto cameras = six_cameras();
  for (const auto& [low_z, high_z] : {std::pair(-2.0, -0.1), std::pair(0.1, 1.9)}) {
    NoisySight sight(2, 1);
    double error2 = 0, bound2 = 0, normalised = 0;
    int points = 0;
    while (points < 4000) {
      const Vector3 point = sight.point(low_z, high_z);
      const auto sightings = sight.of(cameras, point);
      if (sightings.size() < 3) continue;
      const auto found = triangulate(cameras, sightings, {.max_error_sigmas = 10});
      ASSERT_TRUE(found) << message(found);
      const Vector3 error = found->point_in_world - point;
      error2 += error.squaredNorm();
      bound2 += cramer_rao(cameras, sightings, point).trace();
      normalised += error.dot(found->covariance.inverse() * error);
      ++points;
    }
    const double ratio = std::sqrt(error2 / bound2);
    EXPECT_LT(ratio, 1.03);
    EXPECT_GT(ratio, 0.97);  // a smaller one would mean that the test is wrong
    // Chi-square with three degrees of freedom each: mean 3, 95 % within 1.96 sqrt(6 / N).
    EXPECT_NEAR(normalised / points, 3, 1.96 * std::sqrt(6.0 / points));
  }
}

TEST(Triangulate, UsesCamerasOverAndUnderWaterTogether) {
  auto cameras = six_cameras();
  cameras.push_back(geometry::look_at({12.5, 0.2, -1}, {12.5, 6, -1.2}, 80, 1280, 720));
  cameras.push_back(geometry::look_at({5, 12.3, -0.7}, {12.5, 6, -1}, 80, 1280, 720));
  NoisySight sight(3, 1);
  double normalised = 0;
  int points = 0;
  while (points < 1500) {
    const Vector3 point = sight.point(-2, -0.1);
    const auto sightings = sight.of(cameras, point);
    if (sightings.size() < 3 || sightings.back().camera < 6) continue;
    const auto found = triangulate(cameras, sightings, {.max_error_sigmas = 10});
    ASSERT_TRUE(found) << message(found);
    const Vector3 error = found->point_in_world - point;
    normalised += error.dot(found->covariance.inverse() * error);
    ++points;
  }
  EXPECT_NEAR(normalised / points, 3, 1.96 * std::sqrt(6.0 / points));
}

TEST(Triangulate, LeavesOutACameraThatDisagrees) {
  const auto cameras = six_cameras();
  NoisySight sight(4, 1);
  for (int i = 0; i < 300; ++i) {
    const Vector3 point = sight.point(-2, 1.9);
    auto sightings = sight.of(cameras, point);
    if (sightings.size() < 4) continue;
    const size_t wrong = static_cast<size_t>(i) % sightings.size();
    sightings[wrong].pixel += Eigen::Vector2d(70, 90);
    const auto found = triangulate(cameras, sightings);
    ASSERT_TRUE(found) << message(found);
    EXPECT_EQ(std::ranges::count(found->used, wrong), 0) << i;
    EXPECT_GE(found->used.size(), 2U);
    const Vector3 error = found->point_in_world - point;
    // Chi-square with three degrees of freedom is below 30 but once in 700,000.
    EXPECT_LT(error.dot(found->covariance.inverse() * error), 30) << i;
  }
}

TEST(Triangulate, WeighsSightingsByTheirDeviation) {
  const auto cameras = six_cameras();
  const Vector3 point(12, 6, 0.5);
  NoisySight exact(5, 0);
  auto sightings = exact.of(cameras, point);
  ASSERT_EQ(sightings.size(), 6U);
  sightings[0].pixel.x() += 20;
  sightings[0].sigma_px = 1e4;
  const auto found = triangulate(cameras, sightings);
  ASSERT_TRUE(found) << message(found);
  EXPECT_LT((found->point_in_world - point).norm(), 1e-4);
}

TEST(Triangulate, RefusesParallelSightLines) {
  const std::vector<Camera> cameras = {geometry::look_at({0, 0, 3}, {20, 0, 1}, 60, 640, 360),
                                       geometry::look_at({0, 0.1, 3}, {20, 0, 1}, 60, 640, 360)};
  const auto found =
      triangulate(cameras, std::vector<Sighting>{{.camera = 0, .pixel = {320, 180}},
                                                 {.camera = 1, .pixel = {320, 180}}});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kDegenerate);
  EXPECT_EQ(message(found),
            "sight lines of 2 cameras are within 0.005 radians, want 0.026 or more");
}

TEST(Triangulate, RefusesSightingsThatMeetBehindACamera) {
  const std::vector<Camera> cameras = {geometry::look_at({0, 0, 3}, {10, -5, 3}, 60, 640, 360),
                                       geometry::look_at({0, 4, 3}, {10, 9, 3}, 60, 640, 360)};
  const auto found =
      triangulate(cameras, std::vector<Sighting>{{.camera = 0, .pixel = {320, 180}},
                                                 {.camera = 1, .pixel = {320, 180}}});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kDegenerate);
}

TEST(Triangulate, RefusesTwoSightingsThatDisagree) {
  const auto cameras = six_cameras();
  NoisySight exact(6, 0);
  auto sightings = exact.of(cameras, {12, 6, 0.5});
  sightings.resize(2);
  sightings[1].pixel.y() += 60;
  const auto found = triangulate(cameras, sightings);
  ASSERT_FALSE(found);
  EXPECT_EQ(message(found), "no two of 2 sightings agree on a point in front of their cameras");
}

TEST(Triangulate, NamesWhatIsWrongWithACall) {
  const auto cameras = six_cameras();
  const std::vector<Sighting> good = {{.camera = 0, .pixel = {600, 300}},
                                      {.camera = 1, .pixel = {600, 300}}};
  EXPECT_EQ(message(triangulate(cameras, std::span(good).first(1))), "1 sighting, want 2 or more");
  auto bad = good;
  bad[1].camera = 6;
  EXPECT_EQ(message(triangulate(cameras, bad)), "a sighting's camera is 6, want 0 to 5");
  bad = good;
  bad[0].pixel.x() = NAN;
  EXPECT_EQ(triangulate(cameras, bad).error().code, ErrorCode::kInvalidArgument);
  bad = good;
  bad[0].sigma_px = 0;
  EXPECT_EQ(triangulate(cameras, bad).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(message(triangulate(cameras, good, {.min_angle_rad = -1})),
            "min_angle_rad is -1, want 0.0001 to 3");
}

}  // namespace
}  // namespace lido::reconstruct
