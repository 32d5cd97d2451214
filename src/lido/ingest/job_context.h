// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <stop_token>
#include <string>
#include <vector>

#include "lido/dataset/dataset.h"
#include "lido/ingest/clip_db.h"
#include "lido/ingest/options.h"
#include "lido/part/options.h"
#include "lido/scene/detect.h"

namespace lido::ingest {

/// Everything that the stages of one job share. Thread-safe.
struct JobContext {
  const dataset::Dataset& dataset;
  ClipDb& clips;
  const part::SampleOptions& sampling;
  const JobOptions& options;
  std::string run_folder;                       ///< Folder for this run alone, in the dataset.
  bool has_remote_workers = false;              ///< Other processes made parts for this run.
  const scene::Detector* detector = nullptr;    ///< Null with --scene off.
  const scene::PoseEstimator* poses = nullptr;  ///< Null with --poses off.
  std::vector<dataset::Forgotten> forgotten;    ///< Stretches that `lido forget` took out.
  std::stop_token stop;
  std::string run;  ///< Id of the run.

  /// A sampling time in seconds after the clip's first frame.
  double seconds(int64_t k) const { return static_cast<double>(k) / sampling.fps.rate.value(); }
  /// Whether nothing of a clip is used.
  bool is_rejected(const ClipRecord& clip) const {
    return clip.failure.has_value() || (options.drop_broken && !clip.gaps.empty());
  }
  /// Whether the frame of a sampling time is in a forgotten stretch.
  /// @param from_s, to_s  Earliest and latest time that the frame's PTS may be, seconds after the
  ///                      clip's first frame.
  bool was_forgotten(const ClipRecord& clip, int64_t k, double from_s, double to_s) const {
    return std::ranges::any_of(forgotten, [&](const dataset::Forgotten& record) {
      return record.clip == clip.plan.input.uri &&
             (record.removes(from_s, seconds(k), frame_s(clip)) ||
              record.removes(to_s, seconds(k), frame_s(clip)));
    });
  }
  /// Time for which a frame of a clip is on show, seconds.
  double frame_s(const ClipRecord& clip) const {
    const double fps = clip.plan.info.source_fps;
    return fps > 0 ? dataset::kShownShare / fps : sampling.max_gap_s;
  }
};

}  // namespace lido::ingest
