// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "lido/base/yaml.h"

namespace lido::synth {

// Motion of limbs, as data: angles of joints that swing once in a period.

/// Joint angles, in degrees. Flex bends forward (knees back, ankles down), spread moves away from
/// the body's middle, twist turns outward about the limb.
enum class Angle : uint8_t {
  kRoll,  ///< The whole body about its long axis.
  kSpineFlex,
  kSpineTwist,
  kNeckFlex,
  kNeckTwist,
  // From here on, each side of the body has its own:
  kShoulderFlex,
  kShoulderSpread,
  kShoulderTwist,
  kElbowFlex,
  kWristFlex,
  kFingerFlex,
  kIndexFlex,
  kHipFlex,
  kHipSpread,
  kHipTwist,
  kKneeFlex,
  kAnkleFlex,
};
inline constexpr size_t kAngles = 17;
/// Index of the first angle that the left and the right side each have.
inline constexpr size_t kFirstSideAngle = static_cast<size_t>(Angle::kShoulderFlex);

/// Angles at one moment. `left` also holds the angles of the body's middle.
struct Angles {
  std::array<double, kAngles> left{}, right{};
  double& at(Angle angle, bool on_right = false) {
    return (on_right ? right : left)[static_cast<size_t>(angle)];
  }
  double at(Angle angle, bool on_right = false) const {
    return (on_right ? right : left)[static_cast<size_t>(angle)];
  }
};

struct Limbs;
/// Angles that move from `angles` toward `to` where `limbs` gives an angle, and keep `angles`
/// elsewhere.
/// @param share  0: `angles`, 1: `to`.
Angles overlay(const Angles& angles, const Limbs& limbs, const Angles& to, double share);
/// Angles between `from` (share 0) and `to` (share 1), each on the shorter arc.
Angles interpolate(const Angles& from, const Angles& to, double share);

/// One angle over a period, degrees.
struct Swing {
  double mean = 0;
  double amplitude = 0;
  double phase = 0;  ///< Share of the period by which the angle is ahead.
  double turns = 0;  ///< Whole turns in a period, as of arms in front crawl.
  double at(double periods) const;
};

/// Swings of all joints.
struct Limbs {
  double period_s = 1;
  std::array<Swing, kAngles> left{}, right{};
  std::array<bool, kAngles> left_given{}, right_given{};  ///< Angles that the data names.

  /// @param time_s  Seconds since the motion began.
  Angles at(double time_s) const;
  /// Reads the `limbs` of a behaviour or signal; an absent node gives limbs at rest.
  /// @return kInvalidArgument with file and line.
  static Result<Limbs> read(const Yaml& node);
};

}  // namespace lido::synth
