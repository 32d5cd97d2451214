// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "lido/geometry/point.h"

namespace lido::geometry {

/// Index of refraction of pool water against air, for visible light at 25 degrees Celsius.
/// Source: Hale and Querry 1973, Applied Optics 12:555.
inline constexpr double kWaterRefractiveIndex = 1.333;

/// Finds where a ray of light between a point under still water and an eye in air crosses the
/// surface z = 0, by Snell's law. Pure.
///
/// @param eye  z > 0.
/// @param below  z < 0.
/// @param index  Index of refraction of the water against air.
/// @return A point with z = 0, in the vertical plane through both.
Vector3 refract_at_flat_surface(const Vector3& eye, const Vector3& below,
                                double index = kWaterRefractiveIndex);

/// A crossing of the surface, and how it moves with what it depends on.
struct SurfaceCrossing {
  Vector3 at = Vector3::Zero();  ///< Metres; z = 0.
  Eigen::Matrix3d by_eye = Eigen::Matrix3d::Zero();
  Eigen::Matrix3d by_below = Eigen::Matrix3d::Zero();
  Vector3 by_index = Vector3::Zero();  ///< Metres a unit of the index.
};

/// Finds the crossing of refract_at_flat_surface() with its derivatives, by the implicit function
/// theorem. Pure.
/// @param eye  z > 0.
/// @param below  z < 0.
SurfaceCrossing differentiate_refraction(const Vector3& eye, const Vector3& below,
                                         double index = kWaterRefractiveIndex);

/// Turns a ray of light at a flat surface between two media, by Snell's law in vector form. Pure.
/// @param direction  Unit vector, towards the surface.
/// @param normal  Unit vector, on the side from which the ray comes.
/// @param ratio  Index of refraction on the side of `normal`, divided by that of the other side.
/// @return A unit vector; nothing where the light is reflected totally.
std::optional<Vector3> refract_direction(const Vector3& direction, const Vector3& normal,
                                         double ratio);

}  // namespace lido::geometry
