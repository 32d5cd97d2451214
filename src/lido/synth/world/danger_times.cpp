// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/danger_times.h"

#include <algorithm>
#include <cmath>

namespace lido::synth {
namespace {

/// Sets `found_s` to the start of the first stretch of a condition that lasts `min_s`.
void find_stretch(bool holds, double now_s, double min_s, double& since_s, double& found_s) {
  if (!holds) {
    since_s = std::numeric_limits<double>::quiet_NaN();
    return;
  }
  if (std::isnan(since_s)) since_s = now_s;
  constexpr double kRounding_s = 1e-6;
  if (std::isnan(found_s) && now_s - since_s >= min_s - kRounding_s) found_s = since_s;
}

}  // namespace

void DangerTimes::observe(Danger danger, const Limbs& limbs, double mouth_m, double now_s) {
  const bool drowns = danger == Danger::kDrowning;
  if (drowns && std::isnan(instinct_s)) instinct_s = now_s;
  find_stretch(mouth_m < 0, now_s, kSubmersion_s, under_since_s_, submerged_s);
  find_stretch(drowns && are_still(limbs), now_s, kStillness_s, still_since_s_, still_s);
}

bool are_still(const Limbs& limbs) {
  constexpr double kMaxSwing_deg = 6;
  const auto is_still = [](const Swing& swing) {
    return swing.turns == 0 && std::abs(swing.amplitude) <= kMaxSwing_deg;
  };
  return std::ranges::all_of(limbs.left, is_still) && std::ranges::all_of(limbs.right, is_still);
}

}  // namespace lido::synth
