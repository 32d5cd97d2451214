// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "lido/base/yaml.h"
#include "lido/synth/world/rhythm.h"

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
  /// @param size  Factor on the amplitude.
  double at(double periods, double size = 1) const;
};

/// Progress of one person's limbs.
struct LimbMotion {
  double periods = 0;       ///< Since the motion began.
  double sides_offset = 0;  ///< Added to the right side's periods.
  double size = 1;          ///< Factor on the amplitudes.
};

/// Differences of one person's joints from the data, at one moment.
struct JointStyle {
  uint64_t seed = 0;     ///< Seed of the person and the behaviour.
  double joint_deg = 0;  ///< Deviation of each joint's mean.
  double drift_deg = 0;  ///< Deviation of its drift.
  double drift_s = 2;
  double time_s = 0;
};

/// Swings of all joints.
struct Limbs {
  double period_s = 1;
  std::array<Swing, kAngles> left{}, right{};
  std::array<bool, kAngles> left_given{}, right_given{};  ///< Angles that the data names.

  /// Angles as the data has them.
  Angles at(const LimbMotion& motion) const;
  /// Angles of a person, within the limits of joints. Joints that the data does not name keep
  /// still.
  Angles at(const LimbMotion& motion, const JointStyle& style) const;
  /// Reads the `limbs` of a behaviour or signal; an absent node gives limbs at rest.
  /// @return kInvalidArgument with file and line.
  static Result<Limbs> read(const Yaml& node);
};

}  // namespace lido::synth
