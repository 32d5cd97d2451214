// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "lido/geometry/camera.h"
#include "lido/synth/world/random.h"

namespace lido::synth {

using geometry::Vector3;

/// A moving surface about z = 0: the sum of sine waves. Safe for concurrent reads.
class Water {
 public:
  struct Wave {
    double kx, ky;     ///< Wave vector, radians a metre.
    double amplitude;  ///< Metres.
    double omega;      ///< Radians a second, by the dispersion of deep water.
    double phase;      ///< Radians.
  };
  /// Draws the waves. Their amplitudes sum to `height_m`.
  /// @param height_m  Largest height over z = 0; 0 or less gives a mirror.
  Water(double height_m, Random random);

  /// Height of the surface over z = 0, metres.
  double height(double x, double y, double time_s) const;
  /// Gradient of the height along x and y.
  Eigen::Vector2d slope(double x, double y, double time_s) const;
  /// Empty for a mirror.
  const std::vector<Wave>& waves() const { return waves_; }

 private:
  std::vector<Wave> waves_;
};

/// Finds where a ray of light between a point under water and an eye in air crosses the waves: the
/// shortest optical path near the crossing of still water.
/// @param eye  Above the waves.
/// @param below  Under the waves.
/// @param index  Index of refraction of the water.
Vector3 refract_at_waves(const Vector3& eye, const Vector3& below, const Water& water,
                         double time_s, double index = geometry::kWaterRefractiveIndex);

/// Projects a point in air or under the waves; for a camera under water, as
/// project_through_water().
/// @return Pixels; nothing for a point behind the camera or outside the lens's field.
std::optional<Eigen::Vector2d> project_through_waves(const geometry::Camera& camera,
                                                     const Vector3& point_in_world,
                                                     const Water& water, double time_s);

}  // namespace lido::synth
