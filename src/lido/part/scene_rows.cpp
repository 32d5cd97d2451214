// SPDX-License-Identifier: Apache-2.0
#include "lido/part/scene_rows.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace lido::part {
namespace {

/// The upper triangle of an 8x8 covariance, row by row.
std::vector<double> upper_triangle(const auto& covariance) {
  constexpr size_t kSide = 8;
  std::vector<double> values;
  for (size_t row = 0; row < kSide; ++row) {
    for (size_t column = row; column < kSide; ++column)
      values.push_back(covariance[kSide * row + column]);
  }
  return values;
}

dataset::MotionRow motion_row(const scene::MotionAt& motion, const std::string& clip, double fps) {
  const auto& matrix = motion.motion.view_from_frame.m;
  dataset::MotionRow row{clip,
                         motion.motion.k,
                         static_cast<double>(motion.motion.k) / fps,
                         std::string(name_of(motion.motion.motion)),
                         motion.motion.view,
                         {matrix.begin(), matrix.end()}};
  if (!motion.registration) return row;
  const scene::Registration& registration = *motion.registration;
  const auto& reference = registration.reference_from_frame.m;
  row.reference_k = registration.reference_k;
  row.reference_from_frame.assign(reference.begin(), reference.end());
  row.covariance = upper_triangle(registration.covariance);
  row.inliers = registration.inliers;
  return row;
}

std::vector<double> numbers_of(const std::vector<scene::Keypoint>& points) {
  std::vector<double> numbers;
  for (const scene::Keypoint& point : points)
    numbers.insert(numbers.end(), {point.x, point.y, point.score});
  return numbers;
}

dataset::PoseRow pose_row(const scene::TrackPose& at, const std::string& clip, double fps) {
  const Box& box = at.pose.box;
  dataset::PoseRow row{clip,     at.k,      static_cast<double>(at.k) / fps,
                       at.track, at.seen,   box.x,
                       box.y,    box.width, box.height};
  double sum = 0;
  for (const scene::Keypoint& point : at.pose.keypoints) sum += point.score;
  row.keypoints = numbers_of(at.pose.keypoints);
  row.left_hand = numbers_of(at.pose.left_hand);
  row.right_hand = numbers_of(at.pose.right_hand);
  row.score = sum / std::max(1.0, static_cast<double>(at.pose.keypoints.size()));
  return row;
}

}  // namespace

SceneRows scene_rows(const scene::Followed& followed, const std::string& clip, double fps,
                     const std::vector<std::string>& classes,
                     const std::vector<std::string>& keypoints) {
  SceneRows rows;
  const auto seconds = [&](int64_t k) { return static_cast<double>(k) / fps; };
  const auto class_name = [&](int32_t id) {
    return id < 0 ? std::string() : classes[static_cast<size_t>(id)];
  };
  for (const scene::SeenObject& seen : followed.objects) {
    rows.objects.push_back({clip, seen.k, seconds(seen.k), class_name(seen.class_id),
                            seen.class_id < 0 ? "motion" : "detector", double(seen.score),
                            seen.track, seen.box.x, seen.box.y, seen.box.width, seen.box.height});
  }
  for (const scene::TrackSummary& track : followed.tracks) {
    rows.tracks.push_back({clip, track.track, class_name(track.class_id), track.first_k,
                           track.last_k, seconds(track.first_k), seconds(track.last_k),
                           track.sightings, track.mean_score, track.path_length});
  }
  const std::string names = fmt::format("{}", fmt::join(keypoints, ","));
  for (const scene::TrackPose& pose : followed.poses) {
    rows.poses.push_back(pose_row(pose, clip, fps));
    rows.poses.back().names = names;
  }
  for (const scene::MotionAt& motion : followed.motions)
    rows.motions.push_back(motion_row(motion, clip, fps));
  for (const scene::FaultSpan& fault : followed.faults) {
    rows.qualities.push_back({clip, std::string(name_of(fault.fault)), fault.begin, fault.end,
                              seconds(fault.begin), seconds(fault.end)});
  }
  return rows;
}

}  // namespace lido::part
