// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/camera_start.h"

#include <algorithm>
#include <cmath>
#include <opencv2/calib3d.hpp>
#include <optional>

#include "lido/base/split_mix.h"
#include "lido/geometry/projection.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;
using geometry::Vector3;

struct Candidate {
  double cost;
  Camera camera;
};

/// Mean squared error in pixels, each error cut at a share of the image.
double cost_of(const Camera& camera, std::span<const SeenPoint> points) {
  const double max_px = 0.05 * camera.width;
  double sum = 0;
  for (const SeenPoint& one : points) {
    const auto pixel = camera.project_through_water(one.at);
    const double error2 = pixel ? (*pixel - one.pixel).squaredNorm() : INFINITY;
    sum += std::min(error2, max_px * max_px);
  }
  return sum / static_cast<double>(points.size());
}

/// Points with the direction in which the lens sees them.
struct Directions {
  std::vector<cv::Point3d> points;
  std::vector<cv::Point2d> tangents;
};

Directions directions_of(const Camera& camera, std::span<const SeenPoint> points) {
  Directions out;
  for (const SeenPoint& one : points) {
    const auto direction = geometry::unproject(camera, one.pixel);
    if (!direction || direction->z() < 0.05) continue;
    // Water looks shallower than it is, by its index when seen from straight above.
    const double z = one.at.z() < 0 ? one.at.z() / camera.water_index : one.at.z();
    out.points.emplace_back(one.at.x(), one.at.y(), z);
    out.tangents.emplace_back(direction->x() / direction->z(), direction->y() / direction->z());
  }
  return out;
}

/// Adds the poses that OpenCV finds for some points.
void add_poses(const Camera& camera, std::span<const SeenPoint> points, const Directions& some,
               std::vector<Candidate>& out) {
  std::vector<cv::Mat> turns, shifts;
  try {
    cv::solvePnPGeneric(some.points, some.tangents, cv::Mat::eye(3, 3, CV_64F), cv::noArray(),
                        turns, shifts, false, cv::SOLVEPNP_SQPNP);
  } catch (const cv::Exception&) {
    return;  // points that determine no pose
  }
  for (size_t i = 0; i < turns.size(); ++i) {
    cv::Mat rotation;
    cv::Rodrigues(turns[i], rotation);
    Camera one = camera;
    Vector3 shift;
    for (int row = 0; row < 3; ++row) {
      for (int column = 0; column < 3; ++column)
        one.cam_from_world(row, column) = rotation.at<double>(row, column);
      shift[row] = shifts[i].at<double>(row);
    }
    one.position = -one.cam_from_world.transpose() * shift;
    constexpr double kMinHeight_m = 0.2;
    if (!one.position.allFinite() || !one.cam_from_world.allFinite() ||
        one.position.z() < kMinHeight_m)
      continue;
    out.push_back({cost_of(one, points), one});
  }
}

/// Four different points of `all`.
Directions sample_of(const Directions& all, uint64_t& random) {
  Directions out;
  std::vector<size_t> taken;
  while (taken.size() < 4) {
    const auto i = static_cast<size_t>(split_mix64(random) % all.points.size());
    if (std::ranges::find(taken, i) != taken.end()) continue;
    taken.push_back(i);
    out.points.push_back(all.points[i]);
    out.tangents.push_back(all.tangents[i]);
  }
  return out;
}

}  // namespace

std::vector<Camera> start_poses(const Camera& camera, std::span<const SeenPoint> points,
                                bool free_focal) {
  if (camera.is_under_water()) return {};
  std::vector<Candidate> candidates;
  uint64_t random = points.size();
  constexpr int kSamples = 100;
  for (const double factor : {1.0, 0.5, 0.63, 0.8, 1.25, 1.6, 2.0}) {
    if (factor != 1 && !free_focal) break;
    Camera one = camera;
    one.fx *= factor, one.fy *= factor;
    const Directions all = directions_of(one, points);
    if (all.points.size() < 4) continue;
    add_poses(one, points, all, candidates);
    for (int i = 0; i < kSamples && all.points.size() > 4; ++i)
      add_poses(one, points, sample_of(all, random), candidates);
  }
  std::ranges::stable_sort(candidates, {}, &Candidate::cost);
  constexpr size_t kMaxStarts = 12;
  std::vector<Camera> out;
  for (size_t i = 0; i < std::min(kMaxStarts, candidates.size()); ++i)
    out.push_back(candidates[i].camera);
  return out;
}

}  // namespace lido::reconstruct
