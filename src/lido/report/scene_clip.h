// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <stop_token>
#include <string>

#include "lido/base/options.h"
#include "lido/base/rational.h"
#include "lido/scene/detect.h"
#include "lido/scene/track.h"

namespace lido::report {

/// Options of `lido scene`.
struct SceneClipOptions {
  Rational fps{4, 1};
  double max_gap_s = 2;
  scene::DetectorOptions detector;
  scene::TrackerOptions tracker;

  static void fields(auto& self, auto&& visit) {
    visit("fps", self.fps, Anything{},
          "Frames per second to analyse: 4, 0.5, 30000/1001; raise for fast motion");
    visit("max_gap_s", self.max_gap_s, Within{0.001, 86400},
          "Seconds between two frames from which the clip counts as cut");
    scene::DetectorOptions::fields(self.detector, visit);
    scene::TrackerOptions::fields(self.tracker, visit);
  }
};

/// Summary of one clip.
struct SceneClipSummary {
  int64_t frames = 0;  ///< Frames analysed.
  double seconds = 0;
  std::map<std::string, int64_t> tracks;   ///< Number of tracks, by class.
  std::map<std::string, int64_t> motions;  ///< Number of frames, by camera motion.
  std::map<std::string, double> faults;    ///< Seconds, by view fault.
  int64_t proposals = 0;                   ///< Boxes that moved and were not recognised.
  std::string broke;                       ///< Error in the clip and its time; empty without one.
};

/// Analyses one clip, and writes objects.parquet, tracks.parquet, motion.parquet and
/// quality.parquet into the folder `out`. Replaces the files of an earlier call.
/// @param draw  Also writes drawn.mp4: the analysed frames with boxes, tracks and camera motion.
/// @param on_progress  Called from time to time with the number of frames so far.
/// @return kInvalidArgument when `out` holds other files; kCorrupt when the clip has no readable
///         frame; kCancelled after a stop request.
Result<SceneClipSummary> scene_clip(const std::string& clip, const std::string& out, bool draw,
                                    const SceneClipOptions& options,
                                    const std::function<void(int64_t)>& on_progress,
                                    const std::stop_token& stop);

}  // namespace lido::report
