// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "lido/scene/background.h"
#include "lido/scene/detect.h"
#include "lido/scene/motion.h"
#include "lido/scene/quality.h"

namespace lido::scene {

/// Pictures are worked on in blocks of this many sampling times, counted from the clip's start, so
/// that the result does not depend on where a clip is divided.
inline constexpr int64_t kBlock = 16;
/// Pictures before a block that shape what is said of it.
inline constexpr int64_t kLookBack = 3;

/// The sampling times that a stretch of a clip answers for: begin <= k < end. Whoever reads
/// first_k <= k < end_k has what is needed from first_k on, and must read on to end() inclusive.
struct OwnedBlocks {
  int64_t begin = 0;
  int64_t end = INT64_MAX;
};
OwnedBlocks blocks_of_span(int64_t first_k, int64_t end_k);

/// All that one picture shows, seen on its own.
struct Observation {
  int64_t k = 0;
  bool after_cut = false;
  std::vector<Detection> found;  ///< Faint ones too.
  std::vector<Box> moving;       ///< Moved, and was not found; upright source pixels.
  /// Into an earlier picture; empty for a first one, a cut, or nothing to hold on to.
  std::optional<Registration> registration;
  bool featureless = false;
  QualityFeatures quality;
};

/// A view at one time, small, for background plates.
struct Thumbnail {
  int64_t k = 0;
  media::Image image;
};

/// Looks at a clip's sampled pictures, in order of time. Not thread-safe.
class Observer {
 public:
  /// Takes a picture with what was found in it and in those just before, oldest first, itself last.
  using FrameSink =
      std::function<Result<void>(const media::Frame& frame, std::span<const Observation> recent)>;
  Observer(const Detector& detector, DetectorSession session, const OwnedBlocks& share,
           FrameSink sink)
      : detector_(detector), session_(std::move(session)), share_(share), sink_(std::move(sink)) {}

  /// Takes the picture for sampling times first_k <= k < end_k.
  Result<void> push(int64_t first_k, int64_t end_k, bool after_cut, const media::Frame& frame);
  Result<void> finish();

  /// What the share shows, once finished; and, for the time right after it, only its registration.
  std::vector<Observation> take_observations() { return std::move(observations_); }
  std::vector<Thumbnail> take_thumbnails() { return std::move(thumbnails_); }

 private:
  struct Waiting {
    int64_t first_k, end_k;
    bool after_cut;
    media::Frame frame;
  };
  std::vector<Box> may_move(const std::vector<Detection>& found,
                            const media::UprightSize& size) const;
  Result<void> look(const std::vector<Detection>& found);
  void end_block();

  const Detector& detector_;
  DetectorSession session_;
  OwnedBlocks share_;
  FrameSink sink_;
  std::deque<Waiting> waiting_;
  std::vector<Observation> recent_;
  media::Converter converter_;
  media::Converter thumbnail_converter_;
  MotionEstimator motion_;
  QualityMeter quality_;
  media::Geometry geometry_;
  std::vector<media::GreyImage> block_;  ///< Of the last observations.
  std::vector<Observation> observations_;
  std::vector<Thumbnail> thumbnails_;
};

}  // namespace lido::scene
