// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lido/base/box.h"
#include "lido/base/options.h"
#include "lido/infer/bundle.h"
#include "lido/infer/network.h"
#include "lido/media/convert.h"
#include "lido/media/frame.h"
#include "lido/scene/network_input.h"

namespace lido::scene {

struct PoseOptions {
  std::string poses = "off";
  std::string hands = "off";
  double min_hand_px = 48;

  static void fields(auto& self, auto&& visit) {
    visit("poses", self.poses, Anything{},
          "Pose network that finds each person's keypoints: movenet, another name that lido models "
          "list shows, the folder of a model bundle, or off. Each person in each frame costs half "
          "as much as detecting in the frame, so it is off by default");
    visit("hands", self.hands, Anything{},
          "Network that finds the 21 landmarks of each hand, at the wrists of --poses: "
          "handlandmark, another name that lido models list shows, the folder of a model bundle, "
          "or off. Give it for hand signals");
    visit("min_hand_px", self.min_hand_px, Within{8, 4096},
          "Least side of the square around a hand, source pixels; smaller hands are not looked "
          "for, since their landmarks are wrong. Raise it for blurred video");
  }
};

/// A point of a body.
struct Keypoint {
  float x = 0, y = 0;  ///< Upright source pixels, from the frame's left and top edge.
  float score = 0;     ///< As the network has it; 0 to 1 for most.
  bool operator==(const Keypoint&) const = default;
};

/// The keypoints of one person in one frame.
struct Pose {
  Box box;                          ///< Where the person was looked for; upright source pixels.
  std::vector<Keypoint> keypoints;  ///< In the bundle's order.
  /// Landmarks of the hands, in their bundle's order; empty for a hand that is not seen.
  std::vector<Keypoint> left_hand, right_hand;
  bool operator==(const Pose&) const = default;
};

/// Layout of a pose network's outputs.
struct PoseDecoding {
  enum class Kind { kPoints, kHeatmap, kSimcc };
  Kind kind = Kind::kPoints;
  int keypoints = 0;      ///< Number of keypoints.
  double margin = 1.25;   ///< Factor by which a person's box grows before it is cut out.
  int rows = 0;           ///< Points: rows of the output, at least one for each keypoint.
  int columns = 0;        ///< Points: values of a row.
  int x = 0, y = 0;       ///< Points: columns of the position.
  int score = -1;         ///< Points: column of the score; -1 for none, which scores 1.
  bool relative = true;   ///< Points: positions are shares of the input's sides, else pixels.
  bool logits = false;    ///< Points: the score is a logit.
  bool presence = false;  ///< Points: a second output has one score for all points.
  int stride = 0;         ///< Heatmap: input pixels per cell.
  bool planar = true;     ///< Heatmap: keypoints x height x width; else height x width x keypoints.
  int split = 0;          ///< SimCC: values per input pixel.
};

/// Reads a bundle's "decoding" and checks it against its keypoints. Pure.
/// @return kCorrupt that names the field and its range.
Result<PoseDecoding> read_pose_decoding(const infer::Bundle& bundle);

/// Number of values in each output, in the bundle's order, for one image of that size. Pure.
std::vector<int64_t> pose_output_sizes(const PoseDecoding& decoding, int width, int height);

/// Decodes the keypoints of one image, in the network's pixels. Pure.
/// @param width, height  The network's input, pixels.
/// @param outputs  Values of this image alone, in number as pose_output_sizes() gives them.
///
/// Sources: heatmaps with a quarter of a cell towards the higher neighbour (Xiao et al. 2018);
/// SimCC (Li et al. 2022), with the lower of both maxima as score, as in RTMPose (Jiang et al.
/// 2023).
std::vector<Keypoint> decode_pose(const PoseDecoding& decoding, int width, int height,
                                  std::span<const std::span<const float>> outputs);

/// Pairs of positions in `names` that a limb joins, for drawing: those of COCO's 17 keypoints.
/// Pure.
std::vector<std::pair<size_t, size_t>> limbs(std::span<const std::string> names);

/// Keypoints with a lower score are not drawn.
inline constexpr float kMinDrawnScore = 0.3F;

class HandEstimator;
class HandSession;
class PoseSession;

/// A loaded pose network. Thread-safe; each thread opens a session of its own.
class PoseEstimator {
 public:
  /// Loads the bundle's network.
  /// @param sessions  Sessions that run at the same time, 1 or more.
  /// @return kCorrupt when decoding and outputs do not fit each other; errors of infer::load().
  static Result<PoseEstimator> make(const infer::Bundle& bundle, int sessions = 1);

  /// Finds the landmarks of each person's hands, too. To be called before open_session().
  void set_hands(std::shared_ptr<const HandEstimator> hands) { hands_ = std::move(hands); }

  /// @return kCorrupt when the network fails.
  Result<PoseSession> open_session() const;

  const infer::Bundle& bundle() const { return bundle_; }

 private:
  friend class PoseSession;
  PoseEstimator(infer::Bundle bundle, const PoseDecoding& decoding, infer::Network network)
      : bundle_(std::move(bundle)), decoding_(decoding), network_(std::move(network)) {}
  infer::Bundle bundle_;
  PoseDecoding decoding_;
  infer::Network network_;
  std::shared_ptr<const HandEstimator> hands_;  ///< Null for none.
};

/// Finds keypoints of people in frames, in batches of the bundle's size. Not thread-safe; the
/// estimator must outlive the session.
class PoseSession {
 public:
  /// Receives the pose of one person, with the number that push() was given.
  using Emit = std::function<void(size_t number, Pose pose)>;

  /// Adds a person. Calls `emit`, in order of people, for each one whose batch is full.
  /// @param box  The person, upright source pixels.
  /// @param number  Returned with the pose.
  /// @return kCorrupt when the network fails.
  Result<void> push(const media::Frame& frame, const Box& box, size_t number, const Emit& emit);

  /// Fills the batch up with zeros, runs the network on what waits, and calls `emit` for it.
  Result<void> flush(const Emit& emit);

 private:
  friend class PoseEstimator;
  PoseSession(const PoseEstimator& estimator, infer::Runner runner);
  Result<void> run(const Emit& emit);

  struct Waiting {
    size_t number;
    Box box;
    media::Geometry geometry;  ///< From upright source pixels to the network's.
    media::Frame frame;
  };
  const PoseEstimator* estimator_;
  infer::Runner runner_;
  NetworkInput input_;
  std::vector<Waiting> batch_;
  std::shared_ptr<HandSession> hands_;  ///< Null for none.
};

}  // namespace lido::scene
