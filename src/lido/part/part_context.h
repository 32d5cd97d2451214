// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <stop_token>
#include <string>

#include "lido/part/options.h"
#include "lido/part/progress.h"
#include "lido/scene/detect.h"
#include "lido/scene/pose.h"
#include "lido/storage/store.h"

namespace lido::part {

/// Everything that the spans of one job share. Thread-safe to read.
struct PartContext {
  storage::Store& store;  ///< Receives part files and scene files.
  const SampleOptions& sampling;
  bool decode_everything = false;               ///< Decode packets that no wanted frame needs, too.
  const scene::Detector* detector = nullptr;    ///< Null with --scene off.
  const scene::PoseEstimator* poses = nullptr;  ///< Null with --poses off.
  Progress& progress;
  std::stop_token stop;
  std::string run;  ///< Id of the job's run, kept with failures from outside.
  /// Counts the progress of one span; odd while the span waits for storage (StorageWait). Null for
  /// a span that is not watched.
  std::atomic<int64_t>* heartbeat = nullptr;
};

}  // namespace lido::part
