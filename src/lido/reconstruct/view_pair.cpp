// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/view_pair.h"

#include <algorithm>
#include <cmath>

namespace lido::reconstruct {
namespace {

using geometry::Ray;
using geometry::SightLine;
using geometry::Vector3;

/// Squared error of sight lines that do not meet: large, but one joint must not decide.
constexpr double kMiss2 = 25;

/// Squared distance of two rays in standard deviations. Nothing if they meet outside the space, on
/// the other side of the water's surface, or behind a camera.
std::optional<double> ray_error2(const SightedView& a, const SightedView& b, size_t joint,
                                 bool under_water, const Space& space) {
  const auto pick = [&](const SightedView& one) -> const std::optional<Ray>& {
    const SightLine& line = *one.lines[joint];
    return under_water || !line.in_air ? line.in_water : line.in_air;
  };
  const std::optional<Ray>&ray_a = pick(a), &ray_b = pick(b);
  if (!ray_a || !ray_b) return std::nullopt;
  const Vector3 between = ray_a->origin - ray_b->origin;
  const double cosine = ray_a->direction.dot(ray_b->direction), sine2 = 1 - cosine * cosine;
  const double on_a = ray_a->direction.dot(between), on_b = ray_b->direction.dot(between);
  const double t_a = (cosine * on_b - on_a) / sine2, t_b = (on_b - cosine * on_a) / sine2;
  if (!(t_a > 0) || !(t_b > 0)) return std::nullopt;
  const Vector3 point_a = ray_a->origin + t_a * ray_a->direction;
  const Vector3 point_b = ray_b->origin + t_b * ray_b->direction;
  const Vector3 middle = (point_a + point_b) / 2;
  const auto spread_m = [&](const SightedView& one) {
    return (middle - one.camera->position).norm() * one.view.keypoints[joint].sigma_px /
           one.camera->fx;
  };
  const double spread = std::hypot(spread_m(a), spread_m(b));
  // Along the lines the point is less certain than across them.
  const double near_m = 0.1 + 3 * spread / std::sqrt(sine2);
  if (under_water ? middle.z() > near_m : middle.z() < -near_m) return std::nullopt;
  if (!space.contains(middle)) return std::nullopt;
  return (point_a - point_b).squaredNorm() / (spread * spread);
}

/// Whether the sight lines of a joint from two views are nearly parallel, as those of cameras that
/// look at each other: where they meet is uncertain.
bool are_parallel(const SightedView& a, const SightedView& b, size_t joint) {
  const auto direction = [&](const SightedView& one) -> const Vector3& {
    const SightLine& line = *one.lines[joint];
    return line.in_air ? line.in_air->direction : line.in_water->direction;
  };
  constexpr double kMinSine = 0.17;  // 10 degrees
  return direction(a).cross(direction(b)).squaredNorm() < kMinSine * kMinSine;
}

}  // namespace

SightedView with_sight_lines(const geometry::Camera& camera, const PersonView& view) {
  SightedView out{.view = view, .camera = &camera, .lines = {}};
  for (size_t joint = 0; joint < kJoints; ++joint) {
    if (view.keypoints[joint].is_seen())
      out.lines[joint] = geometry::sight_line(camera, view.keypoints[joint].pixel);
  }
  return out;
}

std::optional<double> view_error2(const SightedView& a, const SightedView& b, const Space& space,
                                  const AssociateOptions& options) {
  double sum = 0;
  size_t shared = 0;
  for (size_t joint = 0; joint < kJoints; ++joint) {
    if (!a.lines[joint] || !b.lines[joint] || are_parallel(a, b, joint)) continue;
    ++shared;
    double best = kMiss2;
    for (const bool under_water : {false, true})
      best = std::min(best, ray_error2(a, b, joint, under_water, space).value_or(kMiss2));
    sum += best;
  }
  if (shared < options.min_shared) return std::nullopt;
  return sum / static_cast<double>(shared);
}

}  // namespace lido::reconstruct
