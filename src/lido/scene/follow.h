// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lido/base/box.h"
#include "lido/scene/detect.h"
#include "lido/scene/motion.h"
#include "lido/scene/observe.h"
#include "lido/scene/quality.h"
#include "lido/scene/stillness.h"
#include "lido/scene/track.h"

namespace lido::scene {

/// An object at one tick.
struct SeenObject {
  int64_t k = 0;
  Box box;                ///< Upright source pixels.
  float score = 0;        ///< 0 to 1; 0 for a region that only moved.
  int32_t class_id = -1;  ///< Index into the bundle's classes; -1 for a region that only moved.
  int64_t track = 0;      ///< Number of its track, from 1; 0 for none.
};

/// One track over a whole clip.
struct TrackSummary {
  int64_t track = 0;  ///< Number, from 1.
  int32_t class_id = 0;
  int64_t first_k = 0;    ///< Tick of the first sighting.
  int64_t last_k = 0;     ///< Tick of the last sighting.
  int64_t sightings = 0;  ///< Detections of the track.
  double mean_score = 0;  ///< Over the sightings, 0 to 1.
  /// Length of the path of the box's centre, in heights of the box. Camera motion is taken out.
  double path_length = 0;
};

/// Camera motion at one tick, with the registration it was derived from.
struct MotionAt {
  ViewMotion motion;
  std::optional<Registration> registration;  ///< Empty for a first frame of a view.
};

/// Keypoints of a followed person at one tick.
struct TrackPose {
  int64_t k = 0;
  int64_t track = 0;  ///< Number of the person's track, from 1.
  bool seen = false;  ///< False where the detector missed the person and their place is expected.
  Pose pose;
};

/// Objects, tracks, camera motion, faults, poses and moving things of a whole clip.
struct Followed {
  std::vector<SeenObject> objects;   ///< By tick.
  std::vector<TrackSummary> tracks;  ///< By number.
  std::vector<MotionAt> motions;     ///< One for each observation.
  std::vector<FaultSpan> faults;     ///< By beginning.
  std::vector<TrackPose> poses;      ///< By tick, then by track; empty without a pose network.
  /// Chains of regions that moved in water where no person was followed, each by tick.
  std::vector<std::vector<SeenObject>> moving;
};

/// A clip as it was observed.
struct ObservedClip {
  std::span<const Observation> observations;  ///< The whole clip's, in order of time.
  /// Up to kMaxStillThumbnails, sampled evenly, in order of time; may be empty.
  std::span<const GreyThumbnail> thumbnails;
  double fps = 0;  ///< Ticks a second.
  int width = 0;   ///< Upright source pixels.
  int height = 0;  ///< Upright source pixels.
};

/// Joins a clip's observations over time: tracks, camera motion, faults, poses. Pure.
Followed follow(const ObservedClip& clip, const Detector& detector, const TrackerOptions& options);

/// A box along a track.
struct TrackBox {
  int64_t k = 0;
  Box box;
  bool seen = false;  ///< False for a box that is interpolated between two sightings.
};

/// A track's boxes at every tick, with gaps interpolated linearly in pixels. A gap of more
/// than `max_gap` ticks stays empty. Pure.
/// @param sightings  Those of one track, in order of time.
std::vector<TrackBox> boxes_along(const std::vector<SeenObject>& sightings, int64_t max_gap);

/// Chooses where to cut people out of the last frame: wherever a track may use a box, faint boxes
/// included; and where people are expected who were seen up to `max_gap` ticks before. Keeps the
/// pixels of a person whatever a tracker decides later. Pure.
/// @param recent   Up to kLookBack observations before the frame, oldest first, and its own.
/// @param max_gap  Ticks; above kLookBack counts as kLookBack.
/// @return Detected people, the most certain first, then expected ones; upright source pixels.
std::vector<Box> cutouts(std::span<const Observation> recent, const Detector& detector,
                         int64_t max_gap);

}  // namespace lido::scene
