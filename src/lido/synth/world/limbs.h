// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "lido/base/yaml.h"

namespace lido::synth {

// How limbs move, as data: angles of joints that swing once in a period.

/// What turns, in degrees. Flex bends forward (knees back, ankles down), spread goes away from the
/// body's middle, twist turns outward about the limb.
enum class Angle : uint8_t {
  kRoll,  ///< The whole body about its long axis.
  kSpineFlex,
  kSpineTwist,
  kNeckFlex,
  kNeckTwist,
  // Of both sides:
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
inline constexpr size_t kFirstOfSides = static_cast<size_t>(Angle::kShoulderFlex);

/// Angles of one moment: the middle's and the left side's, then the right side's.
struct Angles {
  std::array<double, kAngles> left{}, right{};
  double& at(Angle angle, bool of_right = false) {
    return (of_right ? right : left)[static_cast<size_t>(angle)];
  }
  double at(Angle angle, bool of_right = false) const {
    return (of_right ? right : left)[static_cast<size_t>(angle)];
  }
};
/// `angles`, but for what `of` says anything of: there so far on the way to `to`.
struct Limbs;
Angles overlaid(const Angles& angles, const Limbs& of, const Angles& to, double share);
/// From one to the other, the short way round.
Angles between(const Angles& from, const Angles& to, double share);

/// One angle over a period.
struct Swing {
  double mean = 0;
  double moves = 0;  ///< Half of its way.
  double phase = 0;  ///< Share of the period that it is ahead.
  double turns = 0;  ///< Whole turns in a period, for arms that mill.
  double at(double periods) const;
};

struct Limbs {
  double period_s = 1;
  std::array<Swing, kAngles> left{}, right{};
  std::array<bool, kAngles> left_given{}, right_given{};  ///< What the data says anything of.

  /// @param time_s  Since it began.
  Angles at(double time_s) const;
  /// @return kInvalidArgument with file and line.
  static Result<Limbs> read(const Yaml& node);
};

}  // namespace lido::synth
