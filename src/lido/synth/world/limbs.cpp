// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/limbs.h"

#include <algorithm>
#include <cmath>

namespace lido::synth {
namespace {

constexpr std::array<std::string_view, kAngles> kNames = {
    "roll",          "spine_flex",      "spine_twist",    "neck_flex",  "neck_twist",
    "shoulder_flex", "shoulder_spread", "shoulder_twist", "elbow_flex", "wrist_flex",
    "finger_flex",   "index_flex",      "hip_flex",       "hip_spread", "hip_twist",
    "knee_flex",     "ankle_flex"};

/// Least and greatest angle of each joint, degrees. Rounded up from Boone and Azen 1979, Journal of
/// Bone and Joint Surgery 61-A:756-759 (normal range of motion), for quick passive motion.
constexpr std::array<std::pair<double, double>, kAngles> kLimits = {{{-360, 360},
                                                                     {-30, 90},
                                                                     {-50, 50},
                                                                     {-80, 60},
                                                                     {-85, 85},
                                                                     {-75, 195},
                                                                     {-5, 190},
                                                                     {-90, 90},
                                                                     {0, 150},
                                                                     {-80, 85},
                                                                     {-10, 95},
                                                                     {-10, 95},
                                                                     {-25, 130},
                                                                     {-10, 70},
                                                                     {-50, 60},
                                                                     {0, 150},
                                                                     {-25, 60}}};

/// Reads the swings from angle number `first` on.
/// @param other_keys  Keys of the node that the caller reads.
Result<void> read_swings(const Yaml& node, size_t first,
                         const std::vector<std::string_view>& other_keys,
                         std::array<Swing, kAngles>& swings, std::array<bool, kAngles>& given) {
  std::vector<std::string_view> known(kNames.begin() + static_cast<ptrdiff_t>(first), kNames.end());
  known.insert(known.end(), other_keys.begin(), other_keys.end());
  LIDO_TRY(node.check_keys(known));
  for (size_t i = first; i < kAngles; ++i) {
    const Yaml one = node[kNames[i]];
    if (!one.has_value()) continue;
    given[i] = true;
    if (!one.is_map()) {
      swings[i] = {.mean = LIDO_TRY(one.number(-360, 360))};
      continue;
    }
    LIDO_TRY(one.check_keys({"mean", "moves", "phase", "turns"}));
    swings[i] = {LIDO_TRY(one["mean"].number_or(0, -360, 360)),
                 LIDO_TRY(one["moves"].number_or(0, -180, 180)),
                 LIDO_TRY(one["phase"].number_or(0, -1, 1)),
                 LIDO_TRY(one["turns"].number_or(0, -3, 3))};
  }
  return {};
}

}  // namespace

Angles interpolate(const Angles& from, const Angles& to, double share) {
  Angles angles;
  for (size_t i = 0; i < kAngles; ++i) {
    angles.left[i] = from.left[i] + share * std::remainder(to.left[i] - from.left[i], 360);
    angles.right[i] = from.right[i] + share * std::remainder(to.right[i] - from.right[i], 360);
  }
  return angles;
}

Angles overlay(const Angles& angles, const Limbs& limbs, const Angles& to, double share) {
  Angles result = interpolate(angles, to, share);
  for (size_t i = 0; i < kAngles; ++i) {
    if (!limbs.left_given[i]) result.left[i] = angles.left[i];
    if (!limbs.right_given[i]) result.right[i] = angles.right[i];
  }
  return result;
}

double Swing::at(double periods, double size) const {
  const double at = periods + phase;
  return mean + size * amplitude * std::sin(2 * M_PI * at) + 360 * turns * (at - std::floor(at));
}

Angles Limbs::at(const LimbMotion& motion) const {
  Angles angles;
  for (size_t i = 0; i < kAngles; ++i) {
    angles.left[i] = left[i].at(motion.periods, motion.size);
    angles.right[i] = right[i].at(motion.periods + motion.sides_offset, motion.size);
  }
  return angles;
}

Angles Limbs::at(const LimbMotion& motion, const JointStyle& style) const {
  Angles angles = at(motion);
  const auto vary = [&](double& angle, size_t joint, uint64_t key) {
    angle += style.joint_deg * std::clamp(hashed_normal(style.seed, key), -2.5, 2.5);
    if (style.drift_deg > 0)
      angle += style.drift_deg * smooth_noise(style.seed, key, style.time_s, style.drift_s);
    angle = std::clamp(angle, kLimits[joint].first, kLimits[joint].second);
  };
  for (size_t i = 0; i < kAngles; ++i) {
    if (left_given[i] && left[i].turns == 0) vary(angles.left[i], i, i);
    // The middle of the body has one value, on the left.
    if (right_given[i] && right[i].turns == 0 && i >= kFirstSideAngle)
      vary(angles.right[i], i, kAngles + i);
  }
  return angles;
}

Result<Limbs> Limbs::read(const Yaml& node) {
  Limbs limbs;
  if (!node.has_value()) return limbs;
  LIDO_TRY(
      read_swings(node, 0, {"period_s", "sides", "left", "right"}, limbs.left, limbs.left_given));
  limbs.period_s = LIDO_TRY(node["period_s"].number_or(1, 0.2, 60));
  limbs.right = limbs.left;
  limbs.right_given = limbs.left_given;
  if (node["sides"].has_value() &&
      LIDO_TRY(node["sides"].choice({"together", "opposite"})) == "opposite") {
    for (size_t i = kFirstSideAngle; i < kAngles; ++i) limbs.right[i].phase += 0.5;
  }
  if (node["left"].has_value())
    LIDO_TRY(read_swings(node["left"], kFirstSideAngle, {}, limbs.left, limbs.left_given));
  if (node["right"].has_value())
    LIDO_TRY(read_swings(node["right"], kFirstSideAngle, {}, limbs.right, limbs.right_given));
  return limbs;
}

}  // namespace lido::synth
