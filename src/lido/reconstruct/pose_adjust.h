// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/reconstruct/pool_points.h"

namespace lido::reconstruct {

/// Parameters of a lens that are estimated with its camera's pose.
enum class LensFreedom : uint8_t {
  kFixed,
  kFocal,       ///< One focal length; the pixels' aspect stays.
  kDistortion,  ///< Focal length and k1.
  kAll,         ///< Focal length, k1 and the principal point.
};

/// Name of a freedom: "focal".
std::string_view name_of(LensFreedom lens);

/// Cameras that see known points.
struct PosesProblem {
  std::vector<geometry::Camera> cameras;  ///< A start.
  std::vector<LensFreedom> lenses;        ///< One for each camera.
  std::vector<PoolPoint> points;
  std::vector<Click> clicks;
  bool level = false;  ///< Estimate the water's level.
  bool index = false;  ///< Estimate the water's index of refraction.
  double sigma_px = 1;
};

/// Columns of a camera's covariance.
enum PoseParameter : uint8_t {
  kTurn = 0,         ///< 3, radians: a small rotation of the camera in its own axes.
  kPlace = 3,        ///< 3, metres.
  kFocalLength = 6,  ///< Relative change of the focal lengths.
  kFirstCoefficient = 7,
  kPrincipalPoint = 8,  ///< 2, pixels.
  kPoseParameters = 10,
};

struct AdjustedPoses {
  std::vector<geometry::Camera> cameras;  ///< Heights over the water as it was assumed.
  double level_m = 0;                     ///< Height of the water over where it was assumed.
  double index = 0;
  double level_sigma_m = 0, index_sigma = 0;  ///< 0: not estimated.
  /// Covariance of each camera's parameters; zero for those that are not estimated.
  std::vector<Eigen::Matrix<double, kPoseParameters, kPoseParameters>> covariances;
  std::vector<Eigen::Vector2d> errors_px;  ///< Projected minus clicked, for each click.
  double robust_cost = 0;                  ///< Sum of the robust loss, in squared deviations.
};

/// Largest error of a click that counts in full, standard deviations.
inline constexpr double kMaxClickSigmas = 3;

/// Adjusts poses, lenses and water so that points are projected where they were clicked, in air and
/// through the surface, by Levenberg and Marquardt's method with Cauchy's loss. Deterministic.
/// Pure.
/// @return kDegenerate when a point of the start cannot be projected, or the unknowns do not follow
///         from the clicks.
Result<AdjustedPoses> adjust_poses(const PosesProblem& problem);

/// Cauchy's loss of an error in standard deviations.
double click_loss(double squared);

}  // namespace lido::reconstruct
