// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lido/geometry/site.h"
#include "lido/reconstruct/calibrate.h"

namespace lido::reconstruct {

/// How far a calibrated camera is from where site.yaml had it.
struct CameraMove {
  std::string name;
  double moved_m = 0;
  double turned_rad = 0;
};

/// A site with calibrated cameras.
struct CalibratedSite {
  geometry::Site site;
  std::vector<CameraMove> moves;  ///< One for each calibrated camera that the site has.
  /// Size of the calibrated layout over the site's: 1 when the board's squares have the size that
  /// its file gives. 1 for fewer than two cameras.
  double scale = 1;
  std::vector<std::string> warnings;
};

/// Puts calibrated cameras into the axes of a site: the layout is moved as a whole, so that its
/// cameras are nearest to where the site has them. Cameras without a calibration stay.
/// @return kInvalidArgument when the site has no camera of these names; kDegenerate when the site's
///         poses contradict the calibration: a tenth of the layout, or 20 degrees.
Result<CalibratedSite> place_in_site(const Calibration& calibration, const geometry::Site& site);

/// Text of a TOML file with the cameras as Anipose, Pose2Sim and caliscope have them: OpenCV's
/// matrix, distortions, rotation vector and translation, in the axes of the first camera, metres.
std::string to_toml(const Calibration& calibration);
/// Text of such a file for cameras in any axes.
std::string to_toml(std::span<const geometry::Camera> cameras, double rms_px);

}  // namespace lido::reconstruct
