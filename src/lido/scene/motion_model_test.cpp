// SPDX-License-Identifier: Apache-2.0
// Truth: OpenCV's own mappings, numerical derivatives, and simulated matches.
#include "lido/scene/motion_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace lido::scene {
namespace {

const cv::Size kSize(960, 540);
const cv::Matx33d kTilted(1.02, 0.01, -9, -0.008, 0.99, 12, 8e-6, -5e-6, 1);

/// Matches of `count` points under a mapping, with noise; the first `outliers` move at random.
std::vector<Match> simulate(const cv::Matx33d& m, int count, int outliers, int seed,
                            double noise_px = 0.05) {
  std::mt19937 random(static_cast<uint32_t>(seed));
  std::uniform_real_distribution<double> x(0, kSize.width), y(0, kSize.height), far(-80, 80);
  std::normal_distribution<double> noise(0, noise_px);
  std::vector<Match> matches;
  for (int i = 0; i < count; ++i) {
    const cv::Point2d source(x(random), y(random));
    cv::Point2d target = project(m, source) + cv::Point2d(noise(random), noise(random));
    if (i < outliers) target += cv::Point2d(far(random), far(random));
    matches.push_back({source, target});
  }
  return matches;
}

double corner_error(const cv::Matx33d& a, const cv::Matx33d& b) {
  double error = 0;
  for (const cv::Point2d& corner :
       {cv::Point2d(0, 0), cv::Point2d(kSize.width, 0), cv::Point2d(kSize.width, kSize.height),
        cv::Point2d(0, kSize.height)})
    error = std::max(error, cv::norm(project(a, corner) - project(b, corner)));
  return error;
}

TEST(MotionModel, ProjectsAsOpencvDoes) {
  const std::vector<cv::Point2d> points = {{0, 0}, {100, 50}, {959, 539}};
  std::vector<cv::Point2d> wanted;
  cv::perspectiveTransform(points, wanted, kTilted);
  for (size_t i = 0; i < points.size(); ++i)
    EXPECT_LT(cv::norm(project(kTilted, points[i]) - wanted[i]), 1e-9);
}

TEST(MotionModel, TheJacobianIsTheNumericalDerivative) {
  const cv::Point2d p(300, 200);
  const auto rows = jacobian(kTilted, p);
  for (int i = 0; i < 8; ++i) {
    const double step = i < 6 ? 1e-6 : 1e-9;
    cv::Matx33d above = kTilted, below = kTilted;
    above.val[i] += step;
    below.val[i] -= step;
    const cv::Point2d slope = (project(above, p) - project(below, p)) * (0.5 / step);
    EXPECT_NEAR(rows[0][i], slope.x, 1e-4 * std::max(1.0, std::abs(slope.x))) << i;
    EXPECT_NEAR(rows[1][i], slope.y, 1e-4 * std::max(1.0, std::abs(slope.y))) << i;
  }
}

TEST(MotionModel, ASimilarityKeepsAngles) {
  // Any step along the basis of 4 degrees of freedom keeps the form [a -b; b a].
  const cv::Mat basis = basis_of(4);
  for (int column = 0; column < 4; ++column) {
    EXPECT_EQ(basis.at<double>(0, column), basis.at<double>(4, column));
    EXPECT_EQ(basis.at<double>(1, column), -basis.at<double>(3, column));
    EXPECT_EQ(basis.at<double>(6, column), 0);
    EXPECT_EQ(basis.at<double>(7, column), 0);
  }
  EXPECT_EQ(cv::countNonZero(basis_of(2)), 2);
  EXPECT_EQ(cv::norm(basis_of(8), cv::Mat::eye(8, 8, CV_64F)), 0);
}

TEST(MotionModel, MirrorsFoldsAndWildSizesAreNoCameraMotion) {
  EXPECT_TRUE(is_plausible(cv::Matx33d::eye(), kSize));
  EXPECT_TRUE(is_plausible(kTilted, kSize));
  EXPECT_FALSE(is_plausible({-1, 0, 960, 0, 1, 0, 0, 0, 1}, kSize)) << "a mirror";
  EXPECT_FALSE(is_plausible({1, 0, 0, 0, 1, 0, -0.002, 0, 1}, kSize)) << "a fold at x = 500";
  EXPECT_FALSE(is_plausible({0.4, 0, 0, 0, 0.4, 0, 0, 0, 1}, kSize)) << "area 0.16";
  EXPECT_FALSE(is_plausible({2.3, 0, 0, 0, 2.3, 0, 0, 0, 1}, kSize)) << "area 5.3";
}

TEST(MotionModel, SelectsTheModelThatMadeTheMatches) {
  const std::vector<std::pair<const char*, cv::Matx33d>> motions = {
      {"shift", {1, 0, 3.3, 0, 1, -2.1, 0, 0, 1}},
      {"similarity", {1.01, 0.004, 6, -0.004, 1.01, 1.5, 0, 0, 1}},
      {"homography", kTilted}};
  for (const auto& [name, m] : motions) {
    const auto fit = select_motion_model(simulate(m, 200, 60, 1), kSize);
    ASSERT_TRUE(fit) << name;
    EXPECT_LT(corner_error(fit->target_from_source, m), 0.2) << name;
    EXPECT_GE(fit->inliers, 135) << name;
    EXPECT_LE(fit->inliers, 150) << name;
    // A shift has no room for turn and size.
    if (name == std::string_view("shift"))
      EXPECT_EQ(fit->target_from_source(0, 0), 1);
    else
      EXPECT_NE(fit->target_from_source(0, 0), 1);
  }
}

TEST(MotionModel, NoiseAloneIsRest) {
  for (int seed = 0; seed < 20; ++seed) {
    const auto fit = select_motion_model(simulate(cv::Matx33d::eye(), 100, 20, seed), kSize);
    ASSERT_TRUE(fit);
    EXPECT_EQ(fit->target_from_source, cv::Matx33d::eye()) << seed;
  }
}

TEST(MotionModel, MatchesWithoutACommonMotionProveNothing) {
  const auto matches = simulate(cv::Matx33d::eye(), 100, 100, 5);
  EXPECT_FALSE(select_motion_model(matches, kSize));
}

TEST(MotionModel, TheCovarianceIsTheScatterOfRepeatedFits) {
  // A hundred times the same shift with fresh noise.
  const cv::Matx33d shift(1, 0, 20, 0, 1, 10, 0, 0, 1);
  double squares = 0, predicted = 0;
  for (int seed = 0; seed < 100; ++seed) {
    const auto fit = select_motion_model(simulate(shift, 100, 0, seed, 0.2), kSize);
    ASSERT_TRUE(fit);
    squares += std::pow(fit->target_from_source(0, 2) - 20, 2) / 100;
    predicted += fit->covariance(2, 2) / 100;
  }
  // The variance of 100 draws is known to 14% (1 sigma).
  EXPECT_NEAR(squares / predicted, 1, 0.5);
}

TEST(MotionModel, TheWorstCornerOfAnUncertainTurnIsFarFromTheOrigin) {
  MotionFit fit;
  fit.covariance(1, 1) = 1e-6;  // variance of m01, which moves x by 1e-3 for each pixel of y
  EXPECT_NEAR(worst_corner(fit, kSize), 1e-3 * kSize.height, 1e-12);
}

}  // namespace
}  // namespace lido::scene
