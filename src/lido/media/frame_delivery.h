// SPDX-License-Identifier: Apache-2.0
// Private to this room: shows FFmpeg types.
#pragma once

#include <cstdint>
#include <optional>

#include "lido/base/result.h"
#include "lido/media/activity.h"
#include "lido/media/decode_plan.h"
#include "lido/media/decoder.h"
#include "lido/media/extract.h"

namespace lido::media {

/// Passes wanted frames to the sink. Marks cuts where the frame size changes; with `linger`, skips
/// frames while nothing moves. Not thread-safe.
class FrameDelivery {
 public:
  /// @param linger  As ExtractRequest::linger.
  FrameDelivery(Decoder& decoder, const FrameSink& sink, ExtractReport& report,
                const std::optional<int64_t>& linger);

  /// Looks for motion in a decoded frame, wanted or not. Call in display order.
  void watch(const AVFrame& decoded);
  /// Delivers a wanted frame, or holds it until something moves.
  /// @return The sink's error.
  Result<void> deliver(UniqueFrame decoded, const SampleRange& times, bool after_cut);
  /// Delivers the first frame of an interval that is skipped otherwise.
  /// @return The sink's error.
  Result<void> deliver_skipped_interval(const Frame& frame, const SampleRange& times,
                                        bool after_cut);
  /// Starts a decoded interval: its first frame is always delivered.
  /// @param fresh  The previous interval was skipped, so there is no frame to compare with.
  void begin_interval(bool fresh);
  /// Drops held frames, and reports the times skipped. Call once, at the end of a pass.
  void finish();

  /// Returns the gate that skips frames; empty without `linger`.
  std::optional<ActivityGate>& gate() { return gate_; }

 private:
  Result<void> push(const SampleRange& times, bool after_cut, bool moved, bool always,
                    const Frame& frame);
  Result<void> send(const SampleRange& times, bool after_cut, const Frame& frame);

  Decoder& decoder_;
  const FrameSink& sink_;
  ExtractReport& report_;
  std::optional<ActivityGate> gate_;
  CellMeans cells_;        ///< Cells of the previous frame.
  CellMeans first_cells_;  ///< Cells of the interval's first frame, or of the segment's in it.
  int64_t segment_ = -1;
  BlockMotionDetector blocks_;
  bool watches_ = false;  ///< Motion vectors count.
  bool moved_ = false;    ///< Motion vectors showed motion since the previous wanted frame.
  bool always_ = false;   ///< The next frame starts an interval.
  int width_ = 0;
  int height_ = 0;
};

}  // namespace lido::media
