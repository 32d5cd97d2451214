// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/refraction.h"

#include <algorithm>
#include <cmath>

namespace lido::geometry {

namespace {

/// Distance from the eye's foot to the crossing, for a point `length` away and `d` deep.
double crossing_distance(double length, double h, double d, double index) {
  // With t the tangent of the angle in air, the distance is g(t) = h t + d t / root, where root is
  // sqrt(n^2 + (n^2 - 1) t^2). g is concave, so Newton's method from the left never overshoots.
  const double n2 = index * index, excess = n2 - 1;
  double t = length / (h + d / index);
  if (excess > 0) t = std::max(t, (length - d / std::sqrt(excess)) / h);
  constexpr int kMaxSteps = 60;
  for (int i = 0; i < kMaxSteps; ++i) {
    const double root2 = n2 + excess * t * t, depth = d / std::sqrt(root2);
    const double step = (length - (h + depth) * t) / (h + depth * n2 / root2);
    t += step;
    // Steps square the error: the next one would change the last digit only.
    if (std::abs(step) <= 1e-8 * t) break;
  }
  return std::min(h * t, length);
}

}  // namespace

Vector3 refract_at_flat_surface(const Vector3& eye, const Vector3& below, double index) {
  const Vector3 along(below.x() - eye.x(), below.y() - eye.y(), 0);
  const double length = along.norm();
  if (length < 1e-12) return {below.x(), below.y(), 0};
  const double r = crossing_distance(length, eye.z(), -below.z(), index);
  return eye + Vector3(0, 0, -eye.z()) + along * (r / length);
}

SurfaceCrossing differentiate_refraction(const Vector3& eye, const Vector3& below, double index) {
  const double h = eye.z(), d = -below.z();
  const Eigen::Vector2d along = (below - eye).head<2>();
  const double length = along.norm();
  // The crossing is r along `along`, where f = r / a - index (length - r) / b is 0.
  const double r = length > 0 ? crossing_distance(length, h, d, index) : 0;
  const double a2 = r * r + h * h, b2 = (length - r) * (length - r) + d * d;
  const double a = std::sqrt(a2), b = std::sqrt(b2);
  const double air = h / (a2 * a), water = index * d / (b2 * b);  // without a factor h, or d
  const double slope = air * h + water * d;
  const double r_by_length = water * d / slope;
  const double r_by_height = air * r / slope, r_by_depth = -water * (length - r) / slope;
  // Across the plane of the ray, the crossing moves as the triangles of eye and point do.
  constexpr double kVertical_m = 1e-9;
  const bool vertical = length < kVertical_m;
  const double across = vertical ? r_by_length : r / length;
  const Eigen::Vector2d ahead = vertical ? Eigen::Vector2d(1, 0) : Eigen::Vector2d(along / length);
  SurfaceCrossing crossing;
  crossing.at.head<2>() = eye.head<2>() + across * along;
  const Eigen::Matrix2d moved =
      across * Eigen::Matrix2d::Identity() + (r_by_length - across) * ahead * ahead.transpose();
  crossing.by_below.topLeftCorner<2, 2>() = moved;
  crossing.by_eye.topLeftCorner<2, 2>() = Eigen::Matrix2d::Identity() - moved;
  crossing.by_below.col(2).head<2>() = -r_by_depth * ahead;
  crossing.by_eye.col(2).head<2>() = r_by_height * ahead;
  crossing.by_index.head<2>() = (length - r) / b / slope * ahead;
  return crossing;
}

std::optional<Vector3> refract_direction(const Vector3& direction, const Vector3& normal,
                                         double ratio) {
  const double cosine = -normal.dot(direction);
  const double rest = 1 - ratio * ratio * (1 - cosine * cosine);
  if (rest < 0) return std::nullopt;
  return ratio * direction + (ratio * cosine - std::sqrt(rest)) * normal;
}

}  // namespace lido::geometry
