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

enum class DecodeMode {
  kPlanned,     ///< Only the packets that wanted pictures depend on. Same pictures as kEverything.
  kEverything,  ///< Every packet: the plain way, and the one that kPlanned is checked against.
  kKeyframesOnly,  ///< A quick look: the last keyframe before each sampling time.
};

/// Which pictures of a clip are wanted: the last with PTS <= start + k / fps, for first_k <= k <
/// end_k.
struct ExtractRequest {
  Rational fps{4, 1};
  DecodeMode mode = DecodeMode::kPlanned;
  /// Where to start reading; empty for the beginning of the clip.
  std::optional<RandomAccess> from;
  /// PTS of sample 0; empty for the first picture shown.
  std::optional<int64_t> start_pts;
  int64_t first_k = 0;
  int64_t end_k = INT64_MAX;
  /// Two pictures further apart than this cut the clip.
  double max_gap_s = 2;
  /// Passes over the times at which nothing moves, but for a picture now and then; goes on for this
  /// many sampling times after something did. Empty: every time is wanted. The pictures delivered
  /// are those that would be without it. With kPlanned only.
  std::optional<int64_t> linger;
};

/// One wanted picture, and the sampling times for which it stands.
struct ExtractedFrame {
  int64_t first_k = 0;
  int64_t end_k = 0;
  /// The timestamps or the picture size break off just before: no window may hold both sides.
  bool after_cut = false;
  const Frame& frame;
};

/// Where and why a clip broke.
struct Break {
  double time_s = 0;  ///< Seconds after the clip's first picture up to which it was good.
  Error error;
};

/// What was read and decoded.
struct ExtractReport {
  int64_t start_pts = kNoPts;  ///< PTS of sample 0.
  int64_t last_pts = kNoPts;   ///< Of the last picture seen.
  int64_t packets_read = 0;
  int64_t packets_decoded = 0;
  int64_t pictures_wanted = 0;
  bool reached_end = false;           ///< The clip was read to its last packet.
  bool planned = true;                ///< False when everything was decoded.
  std::vector<SkippedRange> skipped;  ///< With `linger`.
  std::optional<Break> broke;         ///< What came before it was delivered.
};

/// Called for each wanted picture, in order of time. An error stops the extraction and is returned.
using FrameSink = std::function<Result<void>(const ExtractedFrame&)>;

/// Decodes the wanted pictures of one clip, on the calling thread.
///
/// A broken clip is not an error here: what was good is delivered and `broke` says the rest. When a
/// plan turns out wrong halfway (a picture is missing or damaged), `restart` is called and the
/// extraction begins again in kEverything.
///
/// @return kInvalidArgument, kUnavailable (storage), kCancelled, or the sink's error.
Result<ExtractReport> extract(storage::Reader& reader, const ExtractRequest& request,
                              const FrameSink& sink, const std::function<void()>& restart,
                              const std::stop_token& stop = {});

}  // namespace lido::media
