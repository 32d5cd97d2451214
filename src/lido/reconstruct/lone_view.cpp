// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/lone_view.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace lido::reconstruct {
namespace {

using geometry::Camera;
using geometry::Vector3;

/// Box around pixels.
struct PixelBox {
  Eigen::Array2d low = Eigen::Array2d::Constant(1e18), high = Eigen::Array2d::Constant(-1e18);
  int count = 0;

  void add(const Eigen::Vector2d& pixel) {
    low = low.min(pixel.array());
    high = high.max(pixel.array());
    ++count;
  }
  double area() const { return ((high - low).max(0.0) + 1).prod(); }
  double diagonal() const { return (high - low).matrix().norm(); }
};

PixelBox box_of(const PersonView& view) {
  PixelBox box;
  for (const MeasuredKeypoint& one : view.keypoints) {
    if (one.is_seen()) box.add(one.pixel);
  }
  return box;
}

/// Intersection over union.
double overlap(const PixelBox& a, const PixelBox& b) {
  const Eigen::Array2d low = a.low.max(b.low), high = a.high.min(b.high);
  if ((high < low).any()) return 0;
  const double both = ((high - low) + 1).prod();
  return both / (a.area() + b.area() - both);
}

}  // namespace

bool is_second_box(const PersonView& view, const PersonView& other) {
  if (view.camera != other.camera) return false;
  constexpr double kNear = 0.15;
  constexpr int kMinShared = 4;
  const double size_px = std::max(box_of(view).diagonal(), box_of(other).diagonal());
  double sum = 0;
  int shared = 0;
  for (size_t i = 0; i < kJoints; ++i) {
    if (!view.keypoints[i].is_seen() || !other.keypoints[i].is_seen()) continue;
    sum += (view.keypoints[i].pixel - other.keypoints[i].pixel).norm();
    ++shared;
  }
  if (shared >= kMinShared) return sum < kNear * size_px * shared;
  constexpr double kSameBox = 0.6;
  return overlap(box_of(view), box_of(other)) > kSameBox;
}

bool is_reflection(const Camera& camera, const PersonView& view,
                   const std::array<Joint, kJoints>& person) {
  constexpr int kMinJoints = 4;
  constexpr double kSameBox = 0.3;
  if (camera.is_under_water()) return false;
  PixelBox mirrored;
  for (const Joint& one : person) {
    if (!one.is_found() || one.point_in_world.z() <= 0) continue;
    const Vector3& p = one.point_in_world;
    // Light that the surface reflects seems to come from the mirrored place, and is not refracted.
    if (const auto pixel = camera.project({p.x(), p.y(), -p.z()})) mirrored.add(*pixel);
  }
  return mirrored.count >= kMinJoints && overlap(mirrored, box_of(view)) > kSameBox;
}

bool is_upside_down(const std::array<Joint, kJoints>& person) {
  const auto height_m = [&](std::initializer_list<size_t> joints) -> std::optional<double> {
    double sum = 0;
    int count = 0;
    for (const size_t joint : joints) {
      if (!person[joint].is_found()) continue;
      sum += person[joint].point_in_world.z();
      ++count;
    }
    return count > 0 ? std::optional(sum / count) : std::nullopt;
  };
  constexpr double kClear_m = 0.3;
  const auto head_m = height_m({0, 1, 2, 3, 4, 5, 6}), feet_m = height_m({13, 14, 15, 16});
  return head_m && feet_m && *head_m < *feet_m - kClear_m;
}

bool looks_at(const Camera& camera, const std::array<Joint, kJoints>& person) {
  // Detectors miss people who are small or cut off by the image's edge.
  constexpr double kMargin = 0.05, kMinSize = 0.05, kMinShare = 0.8;
  int found = 0;
  PixelBox seen;
  for (const Joint& one : person) {
    if (!one.is_found()) continue;
    ++found;
    const auto pixel = camera.project_through_water(one.point_in_world);
    if (!pixel) continue;
    const double x = pixel->x() / camera.width, y = pixel->y() / camera.height;
    if (x > kMargin && x < 1 - kMargin && y > kMargin && y < 1 - kMargin) seen.add(*pixel);
  }
  return found > 0 && seen.count >= kMinShare * found &&
         seen.diagonal() > kMinSize * std::min(camera.width, camera.height);
}

bool are_near(const std::array<Joint, kJoints>& one, const std::array<Joint, kJoints>& other) {
  constexpr double kNear2 = 9, kMax_m = 3;
  double sum2 = 0, sum_m = 0;
  int count = 0;
  for (const size_t joint : {5U, 6U, 11U, 12U}) {
    const Joint &a = one[joint], &b = other[joint];
    if (!a.is_found() || !b.is_found()) continue;
    // Trunks are apart by their own width, whatever the covariances.
    constexpr double kPerson_m = 0.1;
    Eigen::Matrix3d noise = a.covariance + b.covariance;
    noise.diagonal().array() += kPerson_m * kPerson_m;
    const Vector3 away = a.point_in_world - b.point_in_world;
    sum2 += away.dot(noise.inverse() * away);
    sum_m += away.norm();
    ++count;
  }
  return count > 0 && sum2 < kNear2 * count && sum_m < kMax_m * count;
}

}  // namespace lido::reconstruct
