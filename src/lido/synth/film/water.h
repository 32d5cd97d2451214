// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "lido/geometry/camera.h"
#include "lido/synth/world/random.h"

namespace lido::synth {

using geometry::Vector3;

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

/// Finds where a ray of light between a point under water and an eye in air crosses the waves: the
/// shortest optical path near the crossing of still water.
/// @param eye  Above the waves.
/// @param below  Under the waves.
Vector3 through_waves(const Vector3& eye, const Vector3& below, const Water& water, double time_s);

/// Projects a point in air or under the waves.
/// @return Pixels; nothing for a point behind the camera or outside the lens's field.
std::optional<Eigen::Vector2d> project_through_waves(const geometry::Camera& camera,
                                                     const Vector3& point_in_world,
                                                     const Water& water, double time_s);

}  // namespace lido::synth
