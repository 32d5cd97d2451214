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

struct SceneClipOptions {
  Rational fps{4, 1};
  double max_gap_s = 2;
  scene::DetectorOptions detector;
  scene::TrackerOptions tracker;

  static void fields(auto& self, auto&& visit) {
    visit("fps", self.fps, Anything{}, "Frames per second to look at: 4, 0.5, 30000/1001");
    visit("max_gap_s", self.max_gap_s, Within{0.001, 86400},
          "Seconds between two pictures from which the clip counts as cut");
    scene::DetectorOptions::fields(self.detector, visit);
    scene::TrackerOptions::fields(self.tracker, visit);
  }
};

/// What one clip shows, in short.
struct SceneClipSummary {
  int64_t frames = 0;
  double seconds = 0;
  std::map<std::string, int64_t> tracks;   ///< By kind.
  std::map<std::string, int64_t> motions;  ///< Sampling times by motion.
  std::map<std::string, double> faults;    ///< Seconds by fault.
  int64_t proposals = 0;                   ///< Boxes of what moved and was not recognised.
  std::string broke;                       ///< What broke the clip, and when; empty for nothing.
};

/// Looks at one clip and writes objects, tracks, motion and quality as tables into `out`; with
/// `draw`, drawn.mp4 too: the sampled pictures with all that drawn in, as many a second as sampled.
/// @param told  Called now and then with the sampling times done so far.
/// @return kInvalidArgument when `out` holds something else; kCorrupt when nothing can be read.
Result<SceneClipSummary> scene_clip(const std::string& clip, const std::string& out, bool draw,
                                    const SceneClipOptions& options,
                                    const std::function<void(int64_t)>& told,
                                    const std::stop_token& stop);

}  // namespace lido::report
