// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lido/reconstruct/pose_files.h"

namespace lido::reconstruct {

/// Frames of all cameras at common moments. Cameras do not expose at one time, so that keypoints
/// are interpolated between a person's frames before and after a moment, as KeypointPath does.
/// People without one of these are taken from a frame that is near enough to be of no other moment.
/// Not thread-safe.
class Moments {
 public:
  /// @param frames  A list for each camera, in ascending order of time.
  /// @param rate_hz  Moments a second. Where a camera has fewer frames, its keypoints count for
  ///                 less, since each frame takes part in several moments.
  Moments(CameraFrames frames, std::span<const geometry::Camera> cameras, double rate_hz);

  /// Number of moments from the first frame to the last.
  int64_t count() const;
  /// Common time of a moment, seconds.
  double time_s(int64_t moment) const;
  /// Views at a moment, those of the first camera first. Moments ascend from call to call.
  std::vector<PersonView> at(int64_t moment);
  /// Moment to look at after one that at() was called for: the next one, or, where no camera has a
  /// frame for long, the last one before the next frame.
  int64_t after(int64_t moment) const;

 private:
  /// Frames of one camera, and the place in them.
  struct Track {
    std::vector<PoseFrame> frames;
    size_t next = 0;    ///< First frame later than the last moment.
    double near_s = 0;  ///< Largest distance of a frame that is of a moment itself.
    double sigma_factor = 1;
  };

  static void add_views(const Track& track, double time_s, std::vector<PersonView>& out);

  std::vector<Track> tracks_;
  double rate_hz_;
  double first_s_ = 0, last_s_ = -1;
};

}  // namespace lido::reconstruct
