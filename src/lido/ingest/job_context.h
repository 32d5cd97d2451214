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
  std::string run_folder;                     ///< Folder for this run alone, in the dataset.
  bool has_remote_workers = false;            ///< Other processes made parts for this run.
  const scene::Detector* detector = nullptr;  ///< Null with --scene off.
  std::vector<dataset::Forgotten> forgotten;  ///< Stretches that `lido forget` took out.
  std::stop_token stop;

  /// A sampling time in seconds after the clip's first frame.
  double seconds(int64_t k) const { return static_cast<double>(k) / sampling.fps.rate.value(); }
  /// Whether something from start_s to end_s of a clip touches a forgotten stretch.
  bool was_forgotten(const std::string& clip, double start_s, double end_s) const {
    return std::ranges::any_of(forgotten, [&](const dataset::Forgotten& record) {
      return record.covers(clip, start_s, end_s);
    });
  }
};

}  // namespace lido::ingest
