// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/person_poses.h"

#include <algorithm>
#include <map>

namespace lido::scene {
namespace {

/// A pose at an expected place is of a track whose interpolated box has a higher IoU with it.
constexpr double kMinPlaceIou = 0.3;

bool is_detected(const Observation& observation, const Box& box) {
  return std::ranges::any_of(observation.found,
                             [&](const Detection& one) { return one.box == box; });
}

/// The pose of a box along a track; null for none.
const Pose* pose_at(const Observation& observation, const TrackBox& at) {
  const Pose* best = nullptr;
  double best_iou = kMinPlaceIou;
  for (const Pose& pose : observation.poses) {
    if (at.seen && pose.box == at.box) return &pose;
    if (at.seen || is_detected(observation, pose.box)) continue;
    const double shared = iou(pose.box, at.box);
    if (shared > best_iou) best_iou = shared, best = &pose;
  }
  return best;
}

}  // namespace

std::vector<Box> pose_boxes(std::span<const Observation> recent, const Detector& detector) {
  auto boxes = cutouts(recent, detector, kLookBack);
  for (const Detection& one : recent.back().found) {
    if (detector.is_person(one.class_id) && std::ranges::find(boxes, one.box) == boxes.end())
      boxes.push_back(one.box);
  }
  return boxes;
}

std::vector<TrackPose> poses_along(std::span<const Observation> observations,
                                   std::span<const SeenObject> objects, const Detector& detector) {
  if (std::ranges::all_of(observations, [](const auto& one) { return one.poses.empty(); }))
    return {};
  std::map<int64_t, std::vector<SeenObject>> sightings;  // by track
  for (const SeenObject& seen : objects) {
    if (seen.track != 0 && detector.is_person(seen.class_id)) sightings[seen.track].push_back(seen);
  }
  std::vector<TrackPose> poses;
  for (const auto& [track, seen] : sightings) {
    for (const TrackBox& at : boxes_along(seen, kLookBack)) {
      const auto observation = std::ranges::lower_bound(observations, at.k, {}, &Observation::k);
      if (observation == observations.end() || observation->k != at.k) continue;
      const Pose* pose = pose_at(*observation, at);
      if (pose != nullptr) poses.push_back({at.k, track, at.seen, *pose});
    }
  }
  std::ranges::stable_sort(poses, {}, &TrackPose::k);
  return poses;
}

}  // namespace lido::scene
