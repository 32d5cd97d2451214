// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lido/base/result.h"
#include "lido/geometry/camera.h"

namespace lido::reconstruct {

/// A board's place: a point b in board axes is rotation * b + position in the world.
struct BoardPose {
  Eigen::Matrix3d rotation = Eigen::Matrix3d::Identity();
  geometry::Vector3 position = geometry::Vector3::Zero();
};

/// A corner of the board at one moment, as one camera saw it.
struct CornerSighting {
  size_t camera = 0;
  size_t moment = 0;  ///< Index into BundleProblem::boards.
  size_t corner = 0;  ///< Index into BundleProblem::corners.
  Eigen::Vector2d pixel = Eigen::Vector2d::Zero();
  /// Motion of the corner in the image, pixels a second; zero where it is not known.
  Eigen::Vector2d velocity_px_s = Eigen::Vector2d::Zero();
};

/// Cameras, and a board that moved before them.
struct BundleProblem {
  std::vector<geometry::Camera> cameras;
  /// Seconds by which each camera's images are later than those of the first; its clock's error.
  std::vector<double> delays_s;
  std::vector<BoardPose> boards;           ///< One for each moment.
  std::vector<geometry::Vector3> corners;  ///< In board axes, metres.
  std::vector<CornerSighting> sightings;
};

struct BundleOptions {
  bool intrinsics = true;  ///< Estimate focal lengths, principal points and distortion.
  /// Number of distortion coefficients that are estimated for each camera, in the order of
  /// Camera::k. Empty: 2 for each.
  std::vector<int> coefficients;
  bool clocks = false;  ///< Estimate delays_s.
  /// Errors far beyond this count little (Cauchy's loss), pixels.
  double loss_scale_px = 1;
};

/// Columns of AdjustedBundle::camera_sigmas.
enum CameraParameter : uint8_t {
  kRotation = 0,     ///< 3, radians: a small rotation of the camera in its own axes.
  kPosition = 3,     ///< 3, metres.
  kIntrinsics = 6,   ///< 4, pixels: fx, fy, cx, cy.
  kDistortion = 10,  ///< 5: Camera::k.
  kDelay = 15,       ///< Seconds.
  kCameraParameters = 16,
};

struct AdjustedBundle {
  BundleProblem bundle;
  /// Standard deviations of each camera's parameters, a row for each camera; 0 for what was not
  /// estimated, as the pose of the first camera. Valid if errors are independent and Gaussian.
  Eigen::MatrixXd camera_sigmas;
  std::vector<Eigen::Vector2d> errors_px;  ///< Projected minus seen, for each sighting.
  double rms_px = 0;                       ///< Root mean square length of errors_px.
  int iterations = 0;
};

/// Adjusts cameras and board poses together, so that the corners are projected where they were
/// seen (bundle adjustment). The first camera stays where it is. No water: boards are in air.
///
/// Levenberg and Marquardt's method with analytic derivatives; board poses are eliminated first
/// (Schur complement), so that the cost grows linearly with moments. Deterministic. Pure.
///
/// @return kInvalidArgument for fewer sightings than unknowns; kDegenerate when the start is so far
///         off that corners are behind cameras, or the unknowns do not follow from the sightings.
///
/// Source: Triggs and others 2000, Bundle adjustment - a modern synthesis.
Result<AdjustedBundle> adjust(const BundleProblem& start, const BundleOptions& options = {});

}  // namespace lido::reconstruct
