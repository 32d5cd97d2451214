// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/base/yaml.h"
#include "lido/synth/world/random.h"

namespace lido::synth {

/// How much motions differ between people, between cycles and through time: `variation` in
/// behaviours.yaml. All zero: everybody moves alike.
struct Variation {
  double pace_sigma = 0;       ///< Deviation of ln(pace) between people.
  double pace_deviation = 0;   ///< Deviation of the pace through time, as a share.
  double pace_s = 3;           ///< Time constant of the pace.
  double sides_deviation = 0;  ///< Deviation of the sides' offset through time, in periods.
  double size_sigma = 0;       ///< Deviation of ln(size) between people.
  double cycle_deviation = 0;  ///< Deviation of the size between cycles, as a share.
  double joint_deg = 0;        ///< Deviation of a joint's mean between people.
  double drift_deg = 0;        ///< Deviation of a joint's mean through time.
  double drift_s = 2;          ///< Time constant of that drift.
  double tilt_deg = 0;         ///< Deviation of the trunk's angle through time.

  /// @return kInvalidArgument with file and line. An absent node gives no variation.
  static Result<Variation> read(const Yaml& node);
};

/// One person's pace and size of motion, as factors on a behaviour's.
struct Style {
  double pace = 1, size = 1;
};
Style random_style(const Variation& variation, Random& random);

/// A motion that repeats, never quite alike. Not thread-safe.
class Rhythm {
 public:
  /// Starts somewhere in a period.
  void begin(const Variation& variation, Random& random);
  /// Lets time pass.
  /// @param period_s  Mean period.
  /// @param pace  Factor on the rate.
  void advance(const Variation& variation, double period_s, double pace, double by_s,
               Random& random);

  double periods() const { return periods_; }     ///< Since the beginning.
  double size() const { return size_; }           ///< Size of this cycle; 1 on average.
  double sides_offset() const { return sides_; }  ///< The right side's, in periods.

 private:
  double periods_ = 0, rate_ = 0, sides_ = 0, size_ = 1, next_size_ = 1;
};

/// A standard normal number that depends on both arguments alone.
double hashed_normal(uint64_t seed, uint64_t key);
/// Smooth noise of mean 0 and standard deviation 1 that depends on its arguments alone.
/// @param correlated_s  Time after which the noise has mostly changed.
double smooth_noise(uint64_t seed, uint64_t key, double time_s, double correlated_s);

}  // namespace lido::synth
