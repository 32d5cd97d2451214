// SPDX-License-Identifier: Apache-2.0
// Private to this room: shows FFmpeg types.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "lido/media/bitstream.h"
#include "lido/media/frame.h"
#include "lido/media/libav.h"

namespace lido::media {

/// Measures the interval of timestamps that follow each other regularly, to a tick. Not
/// thread-safe.
class RegularTimes {
 public:
  /// Adds the next timestamp, ticks.
  /// @return The number of timestamps that are missing before it: 0 unless those before were
  ///         regular and the step is a whole multiple of theirs, and no longer than `max_step`.
  int missing_before(int64_t time, int64_t max_step);
  /// Starts anew with the next timestamp.
  void forget() { *this = {}; }

 private:
  int64_t first_ = 0;
  int64_t last_ = 0;
  int64_t steps_ = -1;  ///< Regular steps from first_ to last_; -1 before the first timestamp.
};

/// A sign that the stream is damaged.
struct Loss {
  std::string_view reason;
  int since = 0;  ///< Packets before the present one from which on frames may be wrong.
};

/// Watches the packets of one stream for signs that packets before them were lost. Not thread-safe.
class LossDetector {
 public:
  /// @param stream         Must outlive this object.
  /// @param has_all_times  Each packet of the container has a timestamp of its own, and a gap is no
  ///                       means to repeat a frame, as it is in AVI.
  LossDetector(const AVStream& stream, bool has_all_times);

  /// Looks at the next packet, in decoding order. Before the first random access point, nothing
  /// counts as lost.
  std::optional<Loss> push(const AVPacket& packet, const PacketFacts& facts);
  /// The next packet does not follow the last one.
  void forget();
  /// Counts from here on, without a random access point.
  void start() { started_ = true; }
  bool started() const { return started_; }

 private:
  bool times_show_loss_ = false;
  int64_t max_step_ = 0;
  RegularTimes times_;
  bool started_ = false;
  /// PTS of the last random access point, where pictures are missing before it.
  int64_t gap_end_ = kNoPts;
};

}  // namespace lido::media
