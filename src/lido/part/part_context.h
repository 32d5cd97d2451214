// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>

#include "lido/part/options.h"
#include "lido/part/progress.h"
#include "lido/scene/detect.h"
#include "lido/storage/store.h"

namespace lido::part {

/// Everything that the spans of one job share. Thread-safe to read.
struct PartContext {
  storage::Store& store;  ///< Receives part files and scene files.
  const SampleOptions& sampling;
  bool decode_everything = false;             ///< Decode packets that no wanted frame needs, too.
  const scene::Detector* detector = nullptr;  ///< Null with --scene off.
  Progress& progress;
  std::stop_token stop;
};

}  // namespace lido::part
