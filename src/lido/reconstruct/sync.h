// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "lido/base/options.h"
#include "lido/geometry/site.h"
#include "lido/reconstruct/pose_files.h"

namespace lido::reconstruct {

struct SyncOptions {
  /// Largest difference between two clocks that is searched for, seconds.
  double max_offset_s = 1;
  /// Moments at which people are compared, a second.
  double rate_hz = 5;
  KeypointOptions keypoints;
  /// Whether all clocks run at the right rate.
  bool fixed_rates = false;

  static void fields(auto& self, auto&& visit) {
    visit("max_offset_s", self.max_offset_s, Within{0.05, 30},
          "Largest error of a clock that is searched for, seconds; raise it for clips that were "
          "started by hand");
    visit("rate_hz", self.rate_hz, Within{0.1, 30},
          "Moments a second at which people are compared; lower it for hours");
    KeypointOptions::fields(self.keypoints, visit);
    visit("fixed_rates", self.fixed_rates, Anything{},
          "Take all clocks as running at the site's rates, and find offsets only; for a few "
          "seconds of video");
  }
};

/// A camera's clock, as people's motion shows it against that of the first camera.
struct SyncedCamera {
  size_t camera = 0;  ///< Index into the cameras.
  /// Time that is to be added to the camera's times in the middle of the recording, seconds.
  double correction_s = 0;
  double correction_sigma_s = 0;
  /// Change of the correction in a second, millionths.
  double rate_ppm = 0;
  double rate_sigma_ppm = 0;
  int64_t sightings = 0;  ///< Number of keypoints compared with other cameras.
};

struct Synchronisation {
  std::vector<SyncedCamera> cameras;  ///< Those with keypoints, in their order.
  double middle_s = 0;                ///< Time for which correction_s holds.
  /// Root mean square distance of keypoints from the projected joints, pixels, before and after.
  double before_px = 0, after_px = 0;
  std::vector<std::string> warnings;
};

/// Finds how late the clocks of cameras are, from people whom several of them see: sight lines of a
/// moving person's joints meet only if they are of one moment.
///
/// A search over offsets of pairs of cameras gives a start; then offsets and rates of all clocks
/// and all joints together by least squares with a robust loss, keypoints interpolated between
/// frames. Standard deviations hold for independent errors of keypoints; those of a pose network
/// are not quite that. Pure. Deterministic.
///
/// @param frames  A list for each camera, by its clock; empty for cameras without keypoints.
/// @return kInvalidArgument for bad options; kDegenerate, naming the camera, for fewer than two
///         cameras with keypoints, or where a camera shares no moving person with another.
Result<Synchronisation> synchronise(std::span<const geometry::Camera> cameras,
                                    std::span<const std::vector<PoseFrame>> frames,
                                    const Space& space, const SyncOptions& options = {},
                                    const std::stop_token& stop = {});

/// A clock by which the same readings have corrected times. Pure.
geometry::CameraClock corrected(const geometry::CameraClock& clock, const SyncedCamera& by,
                                double middle_s);

}  // namespace lido::reconstruct
