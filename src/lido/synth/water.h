// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lido/synth/body.h"

namespace lido::synth {

/// Of light, from air into pool water (visible, 25 degrees). Source: Hale and Querry 1973, Applied
/// Optics 12:555.
inline constexpr double kRefraction = 1.333;

/// A moving surface about z = 0: waves that cross each other. Heights in metres.
class Water {
 public:
  struct Wave {
    double kx, ky;     ///< Radians a metre.
    double amplitude;  ///< Metres.
    double omega;      ///< Radians a second: deep water's.
    double phase;
  };
  /// @param height_m  Mean height of the crests over z = 0, all waves together; 0 is a mirror.
  Water(double height_m, Random random);

  double height(double x, double y, double time_s) const;
  /// How steep it is along x and y.
  Eigen::Vector2d slope(double x, double y, double time_s) const;
  const std::vector<Wave>& waves() const { return waves_; }

 private:
  std::vector<Wave> waves_;
};

/// Where a ray of light between something under still water and an eye over it passes z = 0, by
/// Snell's law.
/// @param eye  Over the water; below_m under it, both from z = 0.
Vector3 through_flat_water(const Vector3& eye, const Vector3& below);

/// The same through waves: the shortest optical path near the one through still water.
Vector3 through_waves(const Vector3& eye, const Vector3& below, const Water& water, double time_s);

}  // namespace lido::synth
