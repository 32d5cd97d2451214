// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>

#include "lido/base/options.h"
#include "lido/base/rational.h"
#include "lido/scene/detect.h"
#include "lido/scene/pose.h"
#include "lido/scene/track.h"

namespace lido::report {

/// Options of `lido scene`.
struct SceneClipOptions {
  Rational fps{4, 1};
  double max_gap_s = 2;
  scene::DetectorOptions detector;
  scene::TrackerOptions tracker;
  scene::PoseOptions poses;

  static void fields(auto& self, auto&& visit) {
    visit("fps", self.fps, Anything{},
          "Frames per second to analyse: 4, 0.5 or 30000/1001. Raise it for fast motion; twice the "
          "rate takes twice the time");
    visit("max_gap_s", self.max_gap_s, Within{0.001, 86400},
          "Gap between two frames, seconds, from which the clip counts as cut. Raise it for "
          "cameras that drop frames");
    scene::DetectorOptions::fields(self.detector, visit);
    scene::TrackerOptions::fields(self.tracker, visit);
    scene::PoseOptions::fields(self.poses, visit);
  }
};

/// Progress of scene_clip(). `frames` counts from 0 twice when the clip is also drawn.
struct SceneProgress {
  std::string_view step;     ///< "looking" or "drawing".
  int64_t frames = 0;        ///< Ticks done in this step.
  int64_t total_frames = 0;  ///< Estimate from the clip's header; 0 when that has no duration.
};

/// Summary of one clip.
struct SceneClipSummary {
  int64_t frames = 0;                      ///< Ticks with a frame.
  double seconds = 0;                      ///< Footage analysed.
  int width = 0, height = 0;               ///< Size of the upright frames, pixels.
  std::map<std::string, int64_t> tracks;   ///< Tracks by class name.
  int64_t poses = 0;                       ///< Rows of poses.parquet.
  std::map<std::string, int64_t> motions;  ///< Ticks by camera motion.
  std::map<std::string, double> faults;    ///< Seconds by fault.
  int64_t proposals = 0;                   ///< Boxes that moved and that the detector missed.
  std::string broke;  ///< Error that ended the clip early, and its time; empty for none.
};

/// Analyses one clip and writes objects, tracks, motion and quality as tables into `out`, and poses
/// with a pose network; with `draw` also drawn.mp4, the sampled frames with everything drawn in.
/// Removes what an earlier call wrote there before it writes.
/// @param on_progress  Called for each frame, on the caller's thread.
/// @return kInvalidArgument when `out` holds a file that scene_clip() did not write, or for options
///         out of range; kNotFound for no such clip or detector; kCorrupt when no frame of the clip
///         can be read; kCancelled after `stop`.
Result<SceneClipSummary> scene_clip(const std::string& clip, const std::string& out, bool draw,
                                    const SceneClipOptions& options,
                                    const std::function<void(const SceneProgress&)>& on_progress,
                                    const std::stop_token& stop);

}  // namespace lido::report
