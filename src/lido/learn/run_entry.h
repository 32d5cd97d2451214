// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lido/base/result.h"
#include "lido/dataset/training_runs.h"
#include "lido/learn/plan.h"

namespace lido::learn {

/// Receives a line for the user.
using OnWarning = std::function<void(const std::string&)>;

/// Id and begin of a run, which its folder keeps.
struct RunName {
  std::string id;         ///< dataset::TrainingRun::id.
  std::string begun_utc;  ///< RFC 3339.
};

/// Returns a new name for a run in a folder, different from all others.
RunName new_run_name(const std::string& folder);

/// A training run as its dataset lists it: `lido forget` finds there who saw the footage. Not
/// thread-safe.
class RunEntry {
 public:
  /// Enters a run in its dataset, or finds its entry. A dataset that cannot be written to gives a
  /// warning, and is read all the same.
  /// @param folder  Path or URI of the run.
  /// @return kNotFound when the generation is gone; kUnavailable.
  static Result<RunEntry> enter(const Plan& plan, const std::string& folder, const RunName& name,
                                const std::string& revision, OnWarning on_warning);
  /// Adds the checksum of a model that the run is about to write. A dataset that fails just now
  /// gives a warning; the next call adds the checksum then. @return kCancelled.
  Result<void> add_model(const std::string& sha256);
  /// Writes checksums that add_model() could not write. @return As add_model().
  Result<void> finish();

 private:
  RunEntry(dataset::Dataset dataset, dataset::TrainingRun run, OnWarning on_warning)
      : dataset_(std::move(dataset)), run_(std::move(run)), on_warning_(std::move(on_warning)) {}
  Result<void> enter_run();
  /// Warns of an error that leaves the entry as it was.
  Result<void> warn(const Error& error);

  dataset::Dataset dataset_;
  dataset::TrainingRun run_;
  OnWarning on_warning_;
  bool is_entered_ = false;
  bool is_pending_ = false;  ///< A checksum is not in the dataset yet.
};

/// Checks that a generation of a run's dataset is still there.
/// @return kNotFound that names the generation and the way on.
Result<void> check_generation(const dataset::Dataset& dataset, int generation);

}  // namespace lido::learn
