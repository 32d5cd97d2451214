// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lido/infer/bundle.h"
#include "lido/infer/network.h"
#include "lido/media/convert.h"
#include "lido/media/frame.h"
#include "lido/scene/network_input.h"
#include "lido/scene/pose.h"

namespace lido::scene {

/// The square around a hand, turned so that the forearm points up in it. In square pixels: x is
/// that of upright source pixels times their aspect.
struct HandRegion {
  double x = 0, y = 0;         ///< Middle.
  double side = 0;             ///< Length of a side.
  double up_x = 0, up_y = -1;  ///< Unit vector from the elbow to the wrist.
};

/// Where the hand of an arm is expected: its middle 0.3 forearms beyond the wrist, 1.1 forearms
/// wide. A forearm that points to the camera counts as 0.9 upper arms long. Pure.
/// @param shoulder  Null where unknown.
/// @param aspect    Width over height of an upright source pixel.
/// @return No value when elbow and wrist are one point.
///
/// Source: boxes of hands from arms as in OpenPose (Simon et al. 2017), narrower.
std::optional<HandRegion> hand_region(const Keypoint* shoulder, const Keypoint& elbow,
                                      const Keypoint& wrist, double aspect);

/// Cuts the middle of an image out as a square that has a direction of the image upwards, with
/// bilinear interpolation. Pure.
/// @param up_x,up_y  Unit vector.
/// @param side       Pixels; at most the image's sides over the square root of 2.
media::Image turned(const media::Image& image, double up_x, double up_y, int side);

class HandSession;

/// A loaded network for the landmarks of a hand. Thread-safe; each thread opens a session.
class HandEstimator {
 public:
  /// @param min_side_px  Least side of a HandRegion; smaller hands are not looked for.
  /// @param sessions     Sessions that run at the same time, 1 or more.
  /// @return kCorrupt for an input that is not square or takes more than one hand; errors of
  ///         infer::load() and read_pose_decoding().
  static Result<std::shared_ptr<const HandEstimator>> make(const infer::Bundle& bundle,
                                                           double min_side_px, int sessions = 1);

  /// @return kCorrupt when the network fails.
  Result<HandSession> open_session() const;

  const infer::Bundle& bundle() const { return bundle_; }

 private:
  friend class HandSession;
  HandEstimator(infer::Bundle bundle, const PoseDecoding& decoding, infer::Network network,
                double min_side_px)
      : bundle_(std::move(bundle)),
        decoding_(decoding),
        network_(std::move(network)),
        min_side_px_(min_side_px) {}
  infer::Bundle bundle_;
  PoseDecoding decoding_;
  infer::Network network_;
  double min_side_px_;
};

/// Finds landmarks of hands in frames. Not thread-safe; the estimator must outlive the session.
class HandSession {
 public:
  /// Adds the hands of a person whose wrists and elbows are certain and whose hands are large
  /// enough. A hand that the network does not see stays empty.
  /// @param names  Names of the pose's keypoints.
  /// @return kCorrupt when the network fails.
  Result<void> add_hands(const media::Frame& frame, std::span<const std::string> names, Pose& pose);

  /// The landmarks in a region, upright source pixels; the score of each is that of the hand.
  /// @return kCorrupt when the network fails.
  Result<std::vector<Keypoint>> find(const media::Frame& frame, const HandRegion& region);

 private:
  friend class HandEstimator;
  HandSession(const HandEstimator& estimator, infer::Runner runner)
      : estimator_(&estimator), runner_(std::move(runner)), input_(estimator.bundle().input) {}
  const HandEstimator* estimator_;
  infer::Runner runner_;
  NetworkInput input_;
  media::Converter converter_;
};

/// Loads the pose network and, with --hands, the network of hands. @param sessions  As in make().
/// @return Errors of infer::find_bundle() and of both make().
Result<PoseEstimator> open_pose_estimator(const PoseOptions& options, int sessions = 1);

/// Hands with a lower score count as not seen.
inline constexpr float kMinHandScore = 0.5F;

}  // namespace lido::scene
