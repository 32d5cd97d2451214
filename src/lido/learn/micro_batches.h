// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/learn/plan.h"
#include "lido/learn/step_source.h"

namespace lido::learn {

/// The micro-batches of one worker, step after step. Each micro-batch of a step is a share of the
/// data with a source of its own, so that the workers' number has no effect on the samples in it.
/// Not thread-safe.
class MicroBatches {
 public:
  /// @param worker    This worker; it reads the micro-batches whose number modulo the number of
  ///                  workers is its rank. No more workers than micro-batches.
  /// @param position  Text of position(), of any worker; empty: the start.
  /// @return Errors of open_source().
  static Result<MicroBatches> open(const Plan& plan, const loader::Share& worker,
                                   std::string_view position);

  /// Reads the batches of the next step.
  /// @param epoch  The step's epoch.
  /// @return By micro-batch; no value where a share of the data has ended before the epoch. Errors
  ///         of the source.
  Result<std::vector<std::optional<StepSamples>>> next(int64_t epoch);

  /// Returns the position after the steps so far. Only the worker of rank 0 may ask: its first
  /// share is never shorter than others.
  std::string position() const { return sources_.front()->position(); }
  /// Returns the checksum of the data.
  std::string checksum() const { return sources_.front()->checksum(); }

 private:
  explicit MicroBatches(std::vector<std::unique_ptr<StepSource>> sources)
      : sources_(std::move(sources)), waiting_(sources_.size()) {}

  std::vector<std::unique_ptr<StepSource>> sources_;
  std::vector<std::optional<StepSamples>> waiting_;  ///< Read, but of a later epoch.
};

}  // namespace lido::learn
