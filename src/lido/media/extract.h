// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "lido/base/rational.h"
#include "lido/base/result.h"
#include "lido/media/activity.h"
#include "lido/media/frame.h"
#include "lido/media/probe.h"
#include "lido/storage/reader.h"

namespace lido::media {

/// Which packets are decoded.
enum class DecodeMode {
  kPlanned,        ///< Only packets that wanted frames depend on. Gives the frames of kEverything.
  kEverything,     ///< All packets: the plain pass, against which kPlanned is tested.
  kKeyframesOnly,  ///< A preview: the last keyframe before each sampling time.
};

/// Which frames of a clip are wanted: the last with PTS <= the time of sample k on the SampleGrid,
/// for each k with first_k <= k < end_k.
struct ExtractRequest {
  Rational fps{4, 1};  ///< Samples per second.
  DecodeMode mode = DecodeMode::kPlanned;
  /// Where reading starts; empty: the beginning of the clip.
  std::optional<RandomAccess> from;
  /// PTS of sample 0, ticks; empty: that of the first frame shown.
  std::optional<int64_t> start_pts;
  int64_t first_k = 0;
  int64_t end_k = INT64_MAX;
  /// Two frames further apart than this are a cut of the clip. Seconds.
  double max_gap_s = 2;
  /// Skips the times at which nothing moves, except a frame now and then. Sampling continues for
  /// this many sampling times after the last motion. Frames that are delivered equal those
  /// delivered without it. Only with kPlanned. Empty: every time is wanted.
  std::optional<int64_t> linger;
};

/// One wanted frame, and the sampling times for which it is the answer: first_k <= k < end_k.
struct ExtractedFrame {
  int64_t first_k = 0;
  int64_t end_k = 0;
  /// There is a gap in the timestamps, or a change of frame size, just before this frame. A sample
  /// must not contain frames of both sides.
  bool after_cut = false;
  const Frame& frame;  ///< Valid during the call; copy it to keep it.
};

/// Where and why reading a clip stopped early.
struct Break {
  double time_s = 0;  ///< Seconds after the clip's first frame; everything before was good.
  Error error;
  /// PTS up to which no frame is missing or damaged, ticks; kNoPts when that is not known. Frames
  /// after it were delivered, but a frame between two of them may be missing.
  int64_t good_pts = kNoPts;
};

/// Result of an extraction.
struct ExtractReport {
  int64_t start_pts = kNoPts;   ///< PTS of sample 0, ticks.
  int64_t last_pts = kNoPts;    ///< PTS of the last frame or packet seen, ticks.
  int64_t packets_read = 0;     ///< Packets of the video stream.
  int64_t packets_decoded = 0;  ///< Packets that were decoded.
  int64_t frames_delivered = 0;
  bool reached_end = false;           ///< The clip was read to its last packet.
  bool planned = true;                ///< False when every packet was decoded.
  std::vector<SkippedRange> skipped;  ///< Ascending; empty without `linger`.
  std::optional<Break> broke;  ///< Empty when the clip is good. Frames before it were delivered.
};

/// Called for each wanted frame, in ascending order of time. An error stops the extraction and is
/// returned.
using FrameSink = std::function<Result<void>(const ExtractedFrame&)>;

/// Decodes the wanted frames of one clip, on the calling thread.
///
/// A broken clip is not an error here: frames before the fault are delivered, and `broke` describes
/// the fault. When a plan fails halfway (a frame is missing or damaged), `restart` is called, and
/// the extraction starts again with kEverything: the caller drops the frames received so far.
///
/// @return kInvalidArgument for an empty range of samples or `linger` with another mode than
///         kPlanned; kUnavailable from storage; kCancelled after a stop request; the sink's error.
Result<ExtractReport> extract(storage::Reader& reader, const ExtractRequest& request,
                              const FrameSink& sink, const std::function<void()>& restart,
                              const std::stop_token& stop = {});

}  // namespace lido::media
