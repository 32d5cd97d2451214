// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "lido/geometry/site.h"
#include "lido/reconstruct/people_tracker.h"
#include "lido/reconstruct/pose_files.h"

namespace lido::reconstruct {

struct ReconstructOptions {
  /// Moments a second.
  double rate_hz = 10;
  KeypointOptions keypoints;
  /// Noise that is added to keypoints, to see what errors of a pose network would cost.
  double noise_px = 0;
  int64_t noise_seed = 1;
  TrackPeopleOptions tracking;

  static void fields(auto& self, auto&& visit) {
    visit("rate_hz", self.rate_hz, Within{0.1, 100}, "Moments a second at which people are found");
    KeypointOptions::fields(self.keypoints, visit);
    visit("noise_px", self.noise_px, Within{0, 100},
          "Noise to add to the keypoints, pixels; shows what errors of a pose network would cost");
    visit("noise_seed", self.noise_seed, Within{0, 1e9}, "Seed of that noise");
    TrackPeopleOptions::fields(self.tracking, visit);
  }
};

struct ReconstructSummary {
  int64_t moments = 0;
  int64_t people = 0;       ///< Number of people.
  int64_t joints = 0;       ///< Rows of the table.
  int64_t under_water = 0;  ///< Rows of joints under water.
  int64_t one_camera = 0;   ///< Rows of joints that one camera alone saw.
  LeftOutViews left_out;    ///< Views of one camera alone that gave no person.
  int64_t cameras = 0;      ///< Cameras with keypoints.
  double first_s = 0;       ///< Common time of the first moment, seconds.
};

/// Finds people in 3D from keypoints of several cameras, and writes tracks3d.parquet, scene.glb
/// and, for each person, person_ID.trc (y up, metres, NaN in gaps) and person_ID.c3d (z up,
/// metres).
/// @param poses  Folder that read_poses() reads.
/// @param out  Folder to write: an empty one, or an earlier one of this command, which is replaced.
/// @param on_moment  Receives the moments done so far, and all that there will be.
/// @return kDegenerate for fewer than two cameras with keypoints; errors of read_poses() and
///         storage; kCancelled.
Result<ReconstructSummary> reconstruct_people(
    const geometry::Site& site, const std::string& poses, const std::string& out,
    const ReconstructOptions& options, const std::stop_token& stop,
    const std::function<void(int64_t, int64_t)>& on_moment = [](int64_t, int64_t) {});

}  // namespace lido::reconstruct
