// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "lido/ingest/clip_scene.h"
#include "lido/scene/follow.h"

namespace lido::ingest {

/// One frame of a person's window.
struct PersonFrame {
  Box box;  ///< The person, upright source pixels.
  const PlacedImage* cutout = nullptr;
  bool seen = true;  ///< False for a frame in a gap of the track: its box is no detection.
  const scene::Pose* pose = nullptr;  ///< Null where there is none.
};

/// Consecutive frames of one track that become a sample.
struct PersonWindow {
  int64_t start_k = 0;     ///< Sampling time of the first frame.
  int64_t track = 0;       ///< Number of the track, or of the moving thing.
  bool is_motion = false;  ///< Shows a thing that moved in water, not a followed person.
  int64_t repeated = 0;    ///< Frames at the end that repeat the last one.
  std::vector<PersonFrame> frames;
};

/// Cuts the tracks of people into windows, by time, then by track. A window has a cutout for every
/// frame. In a gap of the track the box is interpolated; without a cutout there, the frame before
/// is repeated. A track is cut at longer gaps, and where a sighting has no cutout. Pure.
/// @param scene      The windows point into its cutouts.
/// @param followed   The windows point into its poses.
/// @param max_gap    Longest gap to fill in, ticks.
/// @param is_person  Whether a class id is a person.
std::vector<PersonWindow> cut_windows(const ClipScene& scene, const scene::Followed& followed,
                                      const dataset::WindowOptions& options, int64_t max_gap,
                                      const std::function<bool(int32_t)>& is_person);

/// As cut_windows(), along what moved in water. Pure.
std::vector<PersonWindow> cut_moving_windows(const ClipScene& scene,
                                             const scene::Followed& followed,
                                             const dataset::WindowOptions& options,
                                             int64_t max_gap);

/// Writes windows as samples into a part of their own.
/// @param name  Name of the part.
/// @param clip  The clip that the windows are of.
Result<void> write_people_part(const JobContext& job, const std::string& name,
                               const ClipRecord& clip, const ClipScene& scene,
                               const std::vector<PersonWindow>& windows);

}  // namespace lido::ingest
