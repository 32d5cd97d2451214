// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "lido/base/box.h"
#include "lido/base/result.h"
#include "lido/media/convert.h"
#include "lido/media/frame.h"
#include "lido/scene/background.h"
#include "lido/scene/detect.h"
#include "lido/scene/motion.h"
#include "lido/scene/pose.h"
#include "lido/scene/quality.h"

namespace lido::scene {

/// Ticks in a block. Frames are analysed block by block, counted from the clip's start, so
/// that the result does not depend on where a clip is divided into spans.
inline constexpr int64_t kBlock = 16;
/// Frames before a block that influence its result. At most kBlock: with --fps auto, neighbouring
/// spans agree on 32 ticks only.
inline constexpr int64_t kLookBack = 16;

/// The ticks whose observations one span of a clip delivers: begin <= k < end. Whole
/// blocks; empty when begin == end.
struct OwnedBlocks {
  int64_t begin = 0;
  int64_t end = INT64_MAX;
};

/// The blocks that the span first_k <= k < end_k owns. Spans that cover a clip own each block
/// exactly once. A span is read from first_k to OwnedBlocks::end inclusive. Pure.
/// @param end_k  INT64_MAX for the last span of a clip.
OwnedBlocks blocks_of_span(int64_t first_k, int64_t end_k);

/// Everything that is seen in one frame without following it in time.
struct Observation {
  int64_t k = 0;                 ///< Tick.
  bool after_cut = false;        ///< Timestamps or frame size break off before this frame.
  std::vector<Detection> found;  ///< With a score of DetectorOptions::low_score or more.
  /// Pixels in each box of `found`; empty when the camera moves or the block is too short.
  std::vector<BoxLook> looks;
  std::vector<Box> moving;  ///< Regions that moved and that no detection covers; source pixels.
  /// Motion since an earlier frame. Empty for a first frame, a cut, or a frame without structure.
  std::optional<Registration> registration;
  bool featureless = false;  ///< Too little structure to register the frame.
  QualityFeatures quality;
  std::vector<Pose> poses;  ///< In the order of pose_boxes(); empty without a network.
};

/// A small frame for background plates.
struct Thumbnail {
  int64_t k = 0;       ///< Tick.
  media::Image image;  ///< Longer side at most 480 pixels.
};

/// Observes the sampled frames of a clip, in order of time. Not thread-safe; the networks must
/// outlive the observer.
class Observer {
 public:
  /// Receives each owned frame with its observation and up to kLookBack before it, oldest first.
  using FrameSink =
      std::function<Result<void>(const media::Frame& frame, std::span<const Observation> recent)>;
  /// Receives the frames of a block and their observations when the block is complete, with what
  /// moved in it. Not called for a block in which the camera moved.
  using BlockSink = std::function<Result<void>(std::span<const media::Frame> frames,
                                               std::span<const Observation> observations)>;
  /// @param poses  Finds keypoints of people; empty for none.
  Observer(const Detector& detector, DetectorSession session, const OwnedBlocks& owned,
           FrameSink sink, std::optional<PoseSession> poses = {})
      : detector_(detector),
        session_(std::move(session)),
        owned_(owned),
        sink_(std::move(sink)),
        poses_(std::move(poses)) {}

  /// Keeps the frames of a block until it is complete, for `sink`. To be called before push().
  void set_block_sink(BlockSink sink) { block_sink_ = std::move(sink); }

  /// Adds the frame that is shown at ticks first_k <= k < end_k.
  /// @return Errors of the networks (kCorrupt) and of the sink.
  Result<void> push(int64_t first_k, int64_t end_k, bool after_cut, const media::Frame& frame);

  /// Observes the frames that wait for a full batch. To be called once, after the last push().
  /// @return Errors of the networks (kCorrupt) and of the sink.
  Result<void> finish();

  /// Moves out the observations of the owned blocks, once finished. One more follows for the
  /// tick after them, of which only the registration is complete.
  std::vector<Observation> take_observations() { return std::move(observations_); }
  /// Moves out the thumbnails of the owned blocks, once finished.
  std::vector<Thumbnail> take_thumbnails() { return std::move(thumbnails_); }

 private:
  struct Waiting {
    int64_t first_k, end_k;
    bool after_cut;
    media::Frame frame;
  };
  std::vector<Box> may_move(const std::vector<Detection>& found,
                            const media::UprightSize& size) const;
  Result<void> observe(const std::vector<Detection>& found);
  void look_at_boxes(Observation& observation, const media::GreyImage& image,
                     const Moving& moving) const;
  void add_thumbnail(int64_t k, const media::Frame& frame);
  Result<void> find_poses(const media::Frame& frame, bool is_new);
  Result<void> end_block();
  Result<void> add_moving();

  const Detector& detector_;
  DetectorSession session_;
  OwnedBlocks owned_;
  FrameSink sink_;
  std::deque<Waiting> waiting_;  ///< Frames whose detections are not known yet.
  std::vector<Observation> recent_;
  media::Converter converter_;
  media::Converter thumbnail_converter_;
  MotionEstimator motion_;
  QualityMeter quality_;
  media::Geometry geometry_;
  BlockSink block_sink_;                 ///< Null for none.
  std::vector<media::GreyImage> block_;  ///< Reduced frames of the last observations.
  std::vector<media::Frame> frames_;     ///< Frames of `block_`; empty without a block sink.
  std::vector<Observation> observations_;
  std::optional<PoseSession> poses_;
  std::vector<size_t> repeats_;  ///< Observations of the block that show the frame before again.
  std::vector<Thumbnail> thumbnails_;
};

}  // namespace lido::scene
