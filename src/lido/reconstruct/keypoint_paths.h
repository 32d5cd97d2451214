// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "lido/reconstruct/pose_files.h"

namespace lido::reconstruct {

/// Keypoints of a person between two frames, with their motion.
struct MovingView {
  PersonView view;
  /// Motion of each keypoint in the image, pixels a second; zero for those that are not seen.
  std::array<Eigen::Vector2d, kJoints> velocity_px_s;
  /// Root mean square speed of the seen keypoints, pixels a second.
  double speed_px_s() const;
};

/// One person's views by one camera, frame after frame.
class KeypointPath {
 public:
  /// Adds a frame. Times ascend.
  void add(double time_s, const PersonView& view);
  double first_s() const { return times_s_.front(); }
  double last_s() const { return times_s_.back(); }
  const PersonView& last() const { return views_.back(); }
  size_t size() const { return times_s_.size(); }

  /// Returns the keypoints at any time, by cubic interpolation between the frames before and after
  /// (Catmull and Rom 1974), with their mean motion from kAround_s before to kAround_s after: far
  /// enough that errors of position and motion are independent. Keypoints that a frame lacks are
  /// not seen.
  /// @return Nothing within kAround_s of the path's ends or beyond, or in a gap of more than
  ///         kMaxGap_s.
  std::optional<MovingView> at(double time_s) const;
  /// Returns the keypoints at any time between the path's ends, as at() interpolates them.
  /// @return Nothing outside the path, or in a gap of more than kMaxGap_s.
  std::optional<PersonView> view_at(double time_s) const;
  static constexpr double kMaxGap_s = 0.3, kAround_s = 0.2;

 private:
  std::vector<double> times_s_;
  std::vector<PersonView> views_;
};

/// Finds the people of one frame in the next frame of the same camera: by PersonView::track where
/// both know it, otherwise by the distance of their keypoints in the image, the nearest first.
/// Pure.
/// @return For each person of `before`, the index of the same person in `after`; nothing for those
///         who are not there.
std::vector<std::optional<size_t>> find_again(const PoseFrame& before, const PoseFrame& after);

/// Follows people through the frames of one camera, by the distance of their keypoints in the
/// image. A path ends where its person is lost for more than KeypointPath::kMaxGap_s. Pure.
/// @param frames  In ascending order of time.
/// @return Paths of two frames or more.
std::vector<KeypointPath> follow_keypoints(std::span<const PoseFrame> frames);

}  // namespace lido::reconstruct
