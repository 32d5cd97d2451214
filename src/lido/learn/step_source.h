// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lido/base/result.h"
#include "lido/nn/module.h"

namespace lido::learn {

/// Samples of one step, or of one of its micro-batches.
struct StepSamples {
  int64_t epoch = 0;
  nn::StepInput input;             ///< Windows in `memory`, and the class of each for each task.
  std::vector<std::string> names;  ///< Key of each sample.
  std::shared_ptr<const void> memory;
};

/// Samples of one split, or of a share of it, epoch after epoch. Not thread-safe.
class StepSource {
 public:
  virtual ~StepSource() = default;
  /// @return No value once at the end of each epoch; the next call begins the next epoch.
  virtual Result<std::optional<StepSamples>> next() = 0;
  /// Returns the place in the data after what next() has returned, as text for a checkpoint. With
  /// several shares, that of the first one is the place of all: it is never shorter than others.
  virtual std::string position() const = 0;
  /// Returns the checksum of the data.
  virtual std::string checksum() const = 0;
};

}  // namespace lido::learn
