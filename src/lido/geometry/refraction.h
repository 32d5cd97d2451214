// SPDX-License-Identifier: Apache-2.0
#pragma once

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

}  // namespace lido::geometry
