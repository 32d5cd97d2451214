// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>

#include "lido/synth/world/behaviour.h"

namespace lido::synth {

/// Moments within a danger event, seconds of the day; NaN until they come.
class DangerTimes {
 public:
  /// Start of the first behaviour whose danger is drowning.
  double instinct_s = kNever;
  /// Start of the first submersion of the mouth that lasts kSubmersion_s.
  double submerged_s = kNever;
  /// Time from which the limbs stay still for kStillness_s.
  double still_s = kNever;

  static constexpr double kSubmersion_s = 10, kStillness_s = 5;

  /// Takes note of the person's state; to be called at each step of the event.
  /// @param mouth_m  Height over the water.
  void observe(Danger danger, const Limbs& limbs, double mouth_m, double now_s);

 private:
  static constexpr double kNever = std::numeric_limits<double>::quiet_NaN();
  double under_since_s_ = kNever, still_since_s_ = kNever;
};

/// Whether limbs are still: no joint swings by more than 6 degrees.
bool are_still(const Limbs& limbs);

}  // namespace lido::synth
