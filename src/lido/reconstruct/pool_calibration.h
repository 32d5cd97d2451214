// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/base/options.h"
#include "lido/reconstruct/pose_adjust.h"

namespace lido::reconstruct {

struct PointCalibrateOptions {
  /// Parameters of lenses to estimate: a name of LensFreedom, or "auto".
  std::string lens = "auto";
  /// Standard deviation of a click.
  double click_px = 1;
  /// Whether the water is where the site has it, whatever points under water show.
  bool fixed_level = false;
  /// Whether to estimate the water's index of refraction.
  bool water_index = false;

  static void fields(auto& self, auto&& visit) {
    visit("lens", self.lens, OneOf{{"auto", "fixed", "focal", "distortion", "all"}},
          "Parameters to estimate of each lens: none (fixed), the focal length, also k1 "
          "(distortion), "
          "also the principal point (all), or as much as the points contradict the site (auto)");
    visit("click_px", self.click_px, Within{0.05, 100},
          "Standard deviation of a click, pixels; raise it for blurred images or points that were "
          "measured roughly");
    visit("fixed_level", self.fixed_level, Anything{},
          "Keep the water's level as the site has it, where points under water are given");
    visit(
        "water_index", self.water_index, Anything{},
        "Estimate the water's index of refraction as well; for sea water or salt-water pools, with "
        "points in deep water");
  }
};

/// A click that disagrees with the others of its camera.
struct Disagreement {
  std::string point;
  Eigen::Vector2d clicked = Eigen::Vector2d::Zero();
  Eigen::Vector2d expected = Eigen::Vector2d::Zero();  ///< Where the others put it.
  double error_px = 0;
};

/// A camera as its points have it.
struct PointCalibratedCamera {
  size_t camera = 0;  ///< Index into Site::cameras.
  LensFreedom lens = LensFreedom::kFixed;
  int clicks = 0;
  double before_px = 0;  ///< Root mean square error of its clicks as the site has the camera.
  double rms_px = 0;     ///< That error as calibrated, without disagreeing clicks.
  double moved_m = 0, turned_rad = 0;  ///< From where the site has it.
  /// Standard deviations: the larger axis, and the relative one of the focal length.
  double position_sigma_m = 0, rotation_sigma_rad = 0, focal_sigma = 0;
  /// Whether the pose differs from the site's by more than chance: beyond 99.9%, and 5 mm or 0.02
  /// degrees.
  bool has_moved = false;
  std::vector<Disagreement> disagreements;  ///< Largest first.
};

struct PointCalibration {
  geometry::Site site;  ///< With the cameras and the water as calibrated.
  std::vector<PointCalibratedCamera> cameras;
  double level_m = 0, level_sigma_m = 0;  ///< Water over where the site has it; sigma 0: not found.
  double index_sigma = 0;                 ///< 0: not estimated.
  double rms_px = 0;
  std::vector<std::string> warnings;
};

/// Finds poses and, where the points allow, lenses of a site's cameras and the water's level from
/// clicked points, without a board. The site's poses are one start among others, so that they may
/// be far off. Cameras without clicks stay. Deterministic. Pure.
/// @return kInvalidArgument for bad options; kDegenerate, naming the camera: too few points, points
///         on one line, a mirrored order, clicks that fit no pose, or a pose that is uncertain by
///         0.5 m or more.
Result<PointCalibration> calibrate_from_points(const geometry::Site& site, const PoolPoints& points,
                                               const PointCalibrateOptions& options = {});

/// Compares cameras with where the site has them: poses from today's clicks, with lenses and water
/// as the site has them.
/// @return As calibrate_from_points().
Result<PointCalibration> check_cameras(const geometry::Site& site, const PoolPoints& points,
                                       double click_px);

}  // namespace lido::reconstruct
