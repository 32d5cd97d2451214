// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lido/base/options.h"
#include "lido/geometry/camera.h"
#include "lido/reconstruct/board_view.h"

namespace lido::reconstruct {

/// Views of the board by one camera. Element k of every camera's views is of one moment.
struct CameraViews {
  std::string name;
  int width = 0, height = 0;     ///< Pixels.
  std::vector<BoardView> views;  ///< One for each moment.
};

struct CalibrateOptions {
  /// Moments a second. Also the rate at which clips are sampled.
  double fps = 4;
  /// Errors far beyond this count little, pixels.
  double loss_scale_px = 1;
  /// Whether one trigger drives all cameras, so that clocks do not differ.
  bool same_clock = false;
  /// Number of distortion coefficients, in OpenCV's order: k1, k2, p1, p2, k3.
  int coefficients = 2;
  /// Whether lenses stay as each camera's own views have them.
  bool fixed_lenses = false;

  static void fields(auto& self, auto&& visit) {
    visit("fps", self.fps, Within{0.1, 60},
          "Frames a second that are searched for the board; raise it for short clips");
    visit("loss_scale_px", self.loss_scale_px, Within{0.05, 100},
          "Errors far beyond this count little, pixels; raise it for blurred video");
    visit("same_clock", self.same_clock, Anything{},
          "Treat images of one moment as simultaneous; for cameras with one trigger");
    visit("coefficients", self.coefficients, Within{0, 5},
          "Number of distortion coefficients, in OpenCV's order: k1, k2, p1, p2, k3; raise it for "
          "wide lenses when the board was filmed in all parts of the image");
    visit("fixed_lenses", self.fixed_lenses, Anything{},
          "Keep the lenses estimated from each camera alone, and fit poses only; for cameras whose "
          "clocks jitter");
  }
};

/// A camera as calibrated, in the axes of the first camera: x right, y down, z ahead.
struct CalibratedCamera {
  geometry::Camera camera;
  double delay_s = 0;  ///< Its images are later than those of the first camera by so much.
  double focal_sigma_px = 0, principal_sigma_px = 0;    ///< Standard deviations, the larger axis.
  double position_sigma_m = 0, rotation_sigma_rad = 0;  ///< Relative to the first camera.
  double delay_sigma_s = 0;
  double rms_px = 0;   ///< Root mean square distance of corners from where they were seen.
  int views = 0;       ///< Moments at which the board was seen well enough.
  int corners = 0;     ///< Corners in them.
  double covered = 0;  ///< Share of a 4 x 4 grid over the image in which corners were seen.
};

struct Calibration {
  std::vector<CalibratedCamera> cameras;
  double rms_px = 0;
  /// Error of the distances between the board's corners as the cameras measure them: each corner
  /// triangulated alone, all pairs of a moment, root mean square, metres. 0 with one camera.
  double distance_rms_m = 0;
  int64_t distances = 0;
  int moments = 0;                    ///< At which the board was used.
  std::vector<std::string> warnings;  ///< For a person to look at, a line each.
};

/// Finds lenses and poses of cameras that filmed a moving board together.
///
/// Lenses by OpenCV from each camera's views, poses by the moments that two cameras share, then all
/// together by bundle adjustment. Deterministic. Pure.
///
/// @return kInvalidArgument for cameras with different numbers of moments or bad options;
///         kDegenerate, naming the camera, where one sees too little of the board, shares too few
///         moments with the others, or where the whole does not fit.
Result<Calibration> calibrate(const Board& board, std::span<const CameraViews> cameras,
                              const CalibrateOptions& options = {});

}  // namespace lido::reconstruct
