// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/refraction.h"

#include <cmath>

namespace lido::geometry {

Vector3 refract_at_flat_surface(const Vector3& eye, const Vector3& below, double index) {
  const double h = eye.z(), d = -below.z();
  const Vector3 along(below.x() - eye.x(), below.y() - eye.y(), 0);
  const double length = along.norm();
  if (length < 1e-12) return {below.x(), below.y(), 0};
  // sin(air) - index * sin(water) grows with r, the distance from the eye's foot to the crossing.
  // Newton's method, kept inside a bracket.
  double low = 0, high = length;
  double r = length * h / (h + d / index);
  for (int i = 0; i < 60; ++i) {
    const double a = std::hypot(r, h), b = std::hypot(length - r, d);
    const double f = r / a - index * (length - r) / b;
    (f > 0 ? high : low) = r;
    const double slope = h * h / (a * a * a) + index * d * d / (b * b * b);
    double next = r - f / slope;
    if (!(next > low && next < high)) next = (low + high) / 2;
    if (std::abs(next - r) < 1e-14 * length) break;
    r = next;
  }
  return eye + Vector3(0, 0, -h) + along * (r / length);
}

}  // namespace lido::geometry
