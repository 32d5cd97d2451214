// SPDX-License-Identifier: Apache-2.0
// Private to this room: shows FFmpeg types.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/media/bitstream.h"
#include "lido/media/frame.h"
#include "lido/media/libav.h"

namespace lido::media {

/// Returns the ticks from one timestamp to another; the largest number where they are further
/// apart, as timestamps of damaged files may be.
inline int64_t ticks_between(int64_t from, int64_t to) {
  int64_t ticks = 0;
  return __builtin_sub_overflow(to, from, &ticks) ? INT64_MAX : ticks;
}

/// Returns the middle one of some steps between frames, ticks; 0 where there is none. Pure.
int64_t median_step(std::vector<int64_t> steps);

/// Returns whether a step is so much longer than the usual one that a frame is missing in it. Pure.
inline bool skips_frame(int64_t step, int64_t usual) {
  return static_cast<double>(step) > 1.5 * static_cast<double>(usual);
}

/// Returns how many timestamps are missing just before the last of `before`, by the interval that
/// most steps around it have: 0 unless they are regular and this step is a whole multiple of it.
/// Pure.
/// @param before    Timestamps up to the one in question, ticks, in decoding order.
/// @param after     Those that follow it.
/// @param max_step  A longer step is a pause in the recording, ticks.
int missing_before(std::span<const int64_t> before, std::span<const int64_t> after,
                   int64_t max_step);

/// Returns whether frames are missing among some, by their timestamps: a step is longer than most
/// others; true where there are too few to know. Pure.
/// @param times  Ticks, in any order.
bool has_hole(std::vector<int64_t> times);

/// A sign that the stream is damaged.
struct Loss {
  std::string_view reason;
  int since = 0;        ///< Packets before the present one from which on frames may be wrong.
  bool by_dts = false;  ///< Only decoding times show it, which FFmpeg may have estimated.
};

/// Watches the packets of one stream for signs that packets before them were lost. Not thread-safe.
class LossDetector {
 public:
  /// @param stream         Must outlive this object.
  /// @param has_all_times  Each packet of the container has a timestamp, and a gap is no means to
  ///                       repeat a frame, as it is in AVI.
  /// @param times_pages    Within a page, timestamps are counted, as in Ogg.
  LossDetector(const AVStream& stream, bool has_all_times, bool times_pages);

  /// Timestamps of the packets that follow the present one, ticks: at least as many as asked for
  /// where the clip has them.
  using TimesAhead = std::function<Result<std::vector<int64_t>>(size_t count)>;

  /// Looks at the next packet, in decoding order. Before the first random access point, nothing
  /// counts as lost.
  /// @param ahead      Called only where a step is longer than the one before.
  /// @param beginning  Timestamps of the clip's first packets. Called only where `ahead` gives too
  ///                   few.
  /// @return The errors of `ahead` and `beginning`.
  Result<std::optional<Loss>> push(const AVPacket& packet, const PacketFacts& facts,
                                   const TimesAhead& ahead, const TimesAhead& beginning);
  /// The next packet does not follow the last one.
  void forget();
  /// Counts from here on, without a random access point.
  void start() { started_ = true; }
  bool started() const { return started_; }
  /// Returns the number of packets so far on the last packet's page. 0 where pages are not timed.
  int packets_on_page() const { return on_page_; }

 private:
  Result<bool> misses_frame(const AVPacket& packet, const TimesAhead& ahead,
                            const TimesAhead& beginning);

  bool times_show_loss_ = false;
  /// Times show a loss before a random access point too.
  bool never_pauses_ = false;
  bool times_pages_ = false;
  int64_t page_ = -1;       ///< Position of the last packet's page.
  int on_page_ = 0;         ///< Packets so far on that page,
  int on_page_before_ = 0;  ///< and on the page before it.
  int64_t max_step_ = 0;
  std::deque<int64_t> times_;  ///< The latest timestamps, the last one last.
  bool started_ = false;
  /// PTS of the last random access point, where pictures are missing before it.
  int64_t gap_end_ = kNoPts;
};

}  // namespace lido::media
