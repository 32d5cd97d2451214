// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "lido/base/box.h"

// Models of camera motion, fitted to matched points; private to the room.

namespace lido::scene {

/// Minimum of points that must move together to prove a motion.
inline constexpr int kMinInliers = 8;

/// Maps a point by a homography. Unbounded near the horizon, where the third coordinate is 0.
cv::Point2d project(const cv::Matx33d& m, const cv::Point2d& p);

using Row8 = cv::Vec<double, 8>;
using Matrix8 = cv::Matx<double, 8, 8>;
/// Derivatives of project(m, p), x before y, by the first eight elements of m, row-major.
std::array<Row8, 2> jacobian(const cv::Matx33d& m, const cv::Point2d& p);

/// A point of one image, and its place in another. Reduced pixels.
struct Match {
  cv::Point2d source, target;
};

/// A homography between two images, with its uncertainty.
struct MotionFit {
  cv::Matx33d target_from_source = cv::Matx33d::eye();
  Matrix8 covariance = Matrix8::zeros();  ///< Covariance of the first eight elements.
  int inliers = 0;                        ///< Matches that agree; 0 for a fit to all pixels.
};

/// Directions in which a homography may change, as columns over its first eight elements.
/// @param dof  Degrees of freedom: 2 for translation; 4 with rotation and scale; 8 for all.
cv::Mat basis_of(int dof);

/// Whether a homography could be a camera's motion over an image of that size: no mirror, no fold,
/// area changed by less than a factor of 5.
bool is_plausible(const cv::Matx33d& m, const cv::Size& size);

/// Largest standard deviation of a mapped corner's coordinate, pixels.
double worst_corner(const MotionFit& fit, const cv::Size& size);

/// Selects the simplest motion model that explains the matches: rest, translation, similarity or
/// homography. A model with more degrees of freedom must explain so much more that chance is
/// excluded (Bayesian information criterion); rest is preferred, since cameras at a pool are
/// mounted. RANSAC uses OpenCV's random generator with its fixed seed, so results repeat.
/// @param matches  At least kMinInliers.
/// @param size  Size of both images, reduced pixels.
/// @return Nothing when no model holds for enough matches.
std::optional<MotionFit> select_motion_model(const std::vector<Match>& matches,
                                             const cv::Size& size);

/// One frame as the motion estimator compares it with others.
struct GrayFrame {
  int64_t k = 0;                 ///< Tick.
  cv::Size size;                 ///< Reduced pixels.
  std::vector<cv::Mat> pyramid;  ///< 8-bit; each level has half the side of the level before.
  std::vector<Box> moving;       ///< Boxes of what may move by itself, reduced pixels.
};

}  // namespace lido::scene
