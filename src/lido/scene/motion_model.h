// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "lido/base/box.h"

// How MotionEstimator fits a mapping to points; private to the room.

namespace lido::scene {

/// Fewer points than this that move together prove nothing.
inline constexpr int kFewestInliers = 8;

cv::Point2d project(const cv::Matx33d& m, const cv::Point2d& p);

using Row8 = cv::Vec<double, 8>;
using Matrix8 = cv::Matx<double, 8, 8>;
/// d(x, y) / d(m0 .. m7) of project(m, p).
std::array<Row8, 2> jacobian(const cv::Matx33d& m, const cv::Point2d& p);

/// A point of one picture, and where it is in another.
struct Match {
  cv::Point2d from, to;
};

/// A mapping from one picture to another, and how sure it is.
struct Fit {
  cv::Matx33d to_from_source = cv::Matx33d::eye();
  Matrix8 covariance = Matrix8::zeros();
  int inliers = 0;
};

/// The ways in which a mapping may change, as columns over m0 .. m7: shifts (2); also turn and size
/// (4); any (8).
cv::Mat basis_of(int dof);
/// Whether a mapping could be a camera's: no mirror, no fold, no wild change of size.
bool is_plausible(const cv::Matx33d& m, const cv::Size& size);
/// The largest standard deviation of a mapped corner's place.
double worst_corner(const Fit& fit, const cv::Size& size);

/// The simplest mapping that explains the matches: rest, shift, similarity, homography. A freer one
/// must explain so much more that chance will not do (Bayesian information criterion).
std::optional<Fit> select_motion_model(const std::vector<Match>& matches, const cv::Size& size);

/// A picture as it is compared with others.
struct GrayFrame {
  int64_t k = 0;
  cv::Size size;
  std::vector<cv::Mat> pyramid;  ///< Each level half the one before.
  std::vector<Box> moving;       ///< In reduced pixels.
};

}  // namespace lido::scene
