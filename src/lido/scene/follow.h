// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/scene/observe.h"
#include "lido/scene/track.h"

namespace lido::scene {

/// An object at one sampling time.
struct SeenObject {
  int64_t k = 0;
  Box box;
  float score = 0;        ///< 0 where it only moved.
  int32_t class_id = -1;  ///< Class, or -1 for something that moved and was not recognised.
  int64_t track = 0;      ///< 0 for none.
};

/// One object's way through a clip.
struct TrackSummary {
  int64_t track = 0;
  int32_t class_id = 0;
  int64_t first_k = 0;
  int64_t last_k = 0;
  int64_t sightings = 0;
  double mean_score = 0;
  /// How far its box's centre went, in heights of its box, camera motion taken out.
  double path_length = 0;
};

/// A view's motion at one sampling time, with what it was drawn from.
struct MotionAt {
  ViewMotion motion;
  std::optional<Registration> registration;
};

/// What a whole clip shows.
struct Followed {
  std::vector<SeenObject> objects;   ///< By time.
  std::vector<TrackSummary> tracks;  ///< By number.
  std::vector<MotionAt> motions;
  std::vector<FaultSpan> faults;
};

/// What a clip's pictures say when taken together. Pure.
/// @param observations  Of the whole clip, in order of time.
Followed follow(const std::vector<Observation>& observations, double fps, int width, int height,
                const Detector& detector, const TrackerOptions& options);

/// A person's boxes along a track, between sightings on a straight line, where the camera was at
/// rest; the times of a gap wider than `max_gap` have none.
struct TrackBox {
  int64_t k = 0;
  Box box;
  bool seen = false;  ///< Else between two sightings.
};
std::vector<TrackBox> boxes_along(const std::vector<SeenObject>& sightings, int64_t max_gap);

/// Where to cut people out of the last of some pictures: found for certain; found faintly where
/// somebody was a moment ago; or not found now, and expected where he was. So that whatever a
/// tracker makes of it later, his pixels were kept. At most 40, the surest first. Pure.
/// @param recent  Oldest first; shaped by kLookBack pictures before.
std::vector<Box> cutouts(std::span<const Observation> recent, const Detector& detector);

}  // namespace lido::scene
