// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "lido/base/result.h"

namespace lido {

/// A positive fraction in lowest terms: a frame rate, or the seconds in one timestamp tick.
struct Rational {
  int64_t num = 0;
  int64_t den = 1;  ///< > 0.

  double value() const { return static_cast<double>(num) / static_cast<double>(den); }
  bool operator==(const Rational&) const = default;
};

/// Parses "4", "29.97", "0.5" or "30000/1001" without rounding.
/// @return kInvalidArgument unless 0 < value <= 1000 and both terms are at most 1e9.
Result<Rational> parse_rational(std::string_view text);

/// Formats a fraction as "4" or "30000/1001", which parse_rational() reads back.
std::string to_string(const Rational& value);

/// How often a clip is sampled.
struct SampleRate {
  Rational rate{4, 1};     ///< Samples per second.
  bool automatic = false;  ///< Samples only while something moves.
  bool operator==(const SampleRate&) const = default;
};

/// Parses "4", "auto" (short for "auto:8") or "auto:12.5".
/// @return kInvalidArgument when the text is none of these or parse_rational() refuses the rate.
Result<SampleRate> parse_sample_rate(std::string_view text);

/// Formats a rate as "4" or "auto:8", which parse_sample_rate() reads back.
std::string to_string(const SampleRate& value);

/// Holds the product of a 64-bit PTS and a rate.
__extension__ typedef __int128 Wide;

/// The sampling times of a clip: sample k is at start_pts + k / fps, rounded up to a whole tick.
///
/// Muxers round timestamps to ticks, the first one too, so that a frame may seem up to a tick late.
/// Rounding up keeps such a frame for its own sampling time. Thread-safe.
class SampleGrid {
 public:
  /// @param start_pts  PTS of sample 0, in ticks.
  /// @param time_base  Seconds per tick; num and den below 2^31.
  /// @param fps        Samples per second.
  SampleGrid(int64_t start_pts, Rational time_base, Rational fps)
      : start_pts_(start_pts),
        ticks_num_(static_cast<Wide>(time_base.den) * fps.den),
        ticks_den_(static_cast<Wide>(time_base.num) * fps.num) {}

  /// Compares a PTS with the time of sample k.
  std::strong_ordering compare(int64_t pts, int64_t k) const {
    return static_cast<Wide>(pts) - start_pts_ <=> ticks_to(k);
  }
  /// Returns the first k whose time is `pts` or later.
  int64_t first_at_or_after(int64_t pts) const {
    return first_beyond(static_cast<Wide>(pts) - start_pts_ - 1);
  }
  /// Returns the first k that is at least a whole tick after `pts`, before its time is rounded.
  /// The last frame of a clip may seem up to a tick early, and keeps its own sampling time too.
  int64_t first_after(int64_t pts) const {
    const Wide tick_after = (static_cast<Wide>(pts) - start_pts_ + 1) * ticks_den_;
    return clamp(-divide_down(-tick_after, ticks_num_));
  }
  /// Returns the last PTS that is not after the time of sample k.
  int64_t pts_at(int64_t k) const { return clamp(start_pts_ + ticks_to(k)); }
  int64_t start_pts() const { return start_pts_; }

 private:
  static int64_t clamp(Wide value) {
    return static_cast<int64_t>(std::clamp<Wide>(value, INT64_MIN, INT64_MAX));
  }
  static Wide divide_down(Wide value, Wide by) { return value / by - (value % by < 0 ? 1 : 0); }
  /// Returns the ticks from the start to sample k.
  Wide ticks_to(int64_t k) const { return -divide_down(-k * ticks_num_, ticks_den_); }
  /// Returns the first k more than `ticks` after the start.
  int64_t first_beyond(Wide ticks) const {
    return clamp(divide_down(ticks * ticks_den_, ticks_num_) + 1);
  }

  int64_t start_pts_;
  Wide ticks_num_;  // ticks_num_ / ticks_den_: ticks from one sample to the next
  Wide ticks_den_;
};

}  // namespace lido
