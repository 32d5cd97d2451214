// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/pose_adjust.h"

#include <gtest/gtest.h>

#include "lido/reconstruct/test_marks.h"

namespace lido::reconstruct {
namespace {

PosesProblem problem_of(const geometry::Site& site, const PoolPoints& points, LensFreedom lens) {
  return {.cameras = site.cameras,
          .lenses = std::vector<LensFreedom>(site.cameras.size(), lens),
          .points = points.points,
          .clicks = points.clicks};
}

TEST(PoseAdjust, RecoversDisturbedPosesExactly) {
  const geometry::Site truth = marked_site();
  const PoolPoints points = clicked(truth.cameras, marks_of_pool(true), 1, 0);
  PosesProblem problem = problem_of(truth, points, LensFreedom::kFixed);
  for (geometry::Camera& one : problem.cameras) one = displaced(one, 0.05, {0.3, -0.2, 0.15});
  const auto adjusted = adjust_poses(problem);
  ASSERT_TRUE(adjusted) << adjusted.error().message;
  for (size_t i = 0; i < truth.cameras.size(); ++i) {
    EXPECT_LT((adjusted->cameras[i].position - truth.cameras[i].position).norm(), 1e-6);
    EXPECT_LT(angle_between(adjusted->cameras[i], truth.cameras[i]), 1e-7);
  }
  EXPECT_LT(adjusted->robust_cost, 1e-9);
}

TEST(PoseAdjust, RecoversLensLevelAndIndexExactly) {
  geometry::Site truth = marked_site();
  for (geometry::Camera& one : truth.cameras) one.water_index = 1.345;
  const PoolPoints points = clicked(truth.cameras, marks_of_pool(true), 1, 0, -0.06);
  PosesProblem problem = problem_of(truth, points, LensFreedom::kAll);
  problem.level = problem.index = true;
  for (geometry::Camera& one : problem.cameras) {
    one = displaced(one, 0.02, {0.1, 0.05, -0.1});
    one.fx *= 1.02, one.fy *= 1.02, one.k[0] += 0.01, one.cx += 8, one.cy -= 5;
    one.water_index = 1.333;
  }
  const auto adjusted = adjust_poses(problem);
  ASSERT_TRUE(adjusted) << adjusted.error().message;
  EXPECT_NEAR(adjusted->level_m, -0.06, 1e-6);
  EXPECT_NEAR(adjusted->index, 1.345, 1e-6);
  for (size_t i = 0; i < truth.cameras.size(); ++i) {
    EXPECT_LT((adjusted->cameras[i].position - truth.cameras[i].position).norm(), 1e-5);
    EXPECT_NEAR(adjusted->cameras[i].fx, truth.cameras[i].fx, 1e-3);
    EXPECT_NEAR(adjusted->cameras[i].k[0], truth.cameras[i].k[0], 1e-6);
    EXPECT_NEAR(adjusted->cameras[i].cx, truth.cameras[i].cx, 1e-3);
  }
}

TEST(PoseAdjust, HasTheErrorsOfItsCovariance) {
  const geometry::Site truth = marked_site();
  double squares = 0;
  int count = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const PoolPoints points = clicked(truth.cameras, marks_of_pool(true), seed, 1);
    const auto adjusted = adjust_poses(problem_of(truth, points, LensFreedom::kFixed));
    ASSERT_TRUE(adjusted) << adjusted.error().message;
    for (size_t i = 0; i < truth.cameras.size(); ++i) {
      const geometry::Vector3 error = adjusted->cameras[i].position - truth.cameras[i].position;
      const Eigen::Matrix3d covariance = adjusted->covariances[i].block<3, 3>(kPlace, kPlace);
      squares += error.dot(covariance.inverse() * error);
      count += 3;
    }
  }
  // 360 squares of mean 1; the robust loss and the variance that is 1 at least make it less. Four
  // deviations of the mean are 0.3.
  EXPECT_GT(squares / count, 0.6);
  EXPECT_LT(squares / count, 1.3);
}

TEST(PoseAdjust, RefusesClicksThatDetermineNothing) {
  const geometry::Site truth = marked_site();
  PoolPoints points = clicked(truth.cameras, marks_of_pool(false), 1, 0);
  // Two points for six unknowns.
  std::erase_if(points.clicks, [](const Click& one) { return one.camera != 0; });
  points.clicks.resize(2);
  PosesProblem problem = problem_of(truth, points, LensFreedom::kFixed);
  problem.cameras.resize(1), problem.lenses.resize(1);
  const auto adjusted = adjust_poses(problem);
  ASSERT_FALSE(adjusted);
  EXPECT_EQ(adjusted.error().code, ErrorCode::kDegenerate);
}

}  // namespace
}  // namespace lido::reconstruct
