// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "lido/scene/follow.h"

namespace lido::scene {

/// Chooses where to look for keypoints in the last frame: at cutouts(), and at every other
/// detection of a person, whatever its score, since a track may be continued by it. Pure.
/// @param recent  Up to kLookBack observations before the frame, oldest first, and its own.
/// @return Upright source pixels.
std::vector<Box> pose_boxes(std::span<const Observation> recent, const Detector& detector);

/// Gives poses to the tracks of people: where a person was detected, the pose of that detection;
/// in gaps of up to kLookBack ticks the pose at the expected place that best matches the
/// interpolated box. Pure.
/// @param observations  The whole clip's, in order of time.
/// @param objects  Detections with their tracks, by tick.
/// @return By tick, then by track.
std::vector<TrackPose> poses_along(std::span<const Observation> observations,
                                   std::span<const SeenObject> objects, const Detector& detector);

}  // namespace lido::scene
