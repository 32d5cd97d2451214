// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/model_tables.h"
#include "lido/storage/store.h"

namespace lido::learn {

/// Everything from which a run resumes.
struct Checkpoint {
  int64_t step = 0;      ///< Steps made.
  std::string network;   ///< Checksum of the network's layers, sizes and classes.
  std::string position;  ///< Place in the data: StepSource::position().
  double best_score = -1;
  double best_loss = std::numeric_limits<double>::infinity();  ///< Validation loss of that epoch.
  int64_t best_epoch = -1;                                     ///< -1 before the first validation.
  int64_t epochs_since = 0;                                    ///< Epochs since the best one.
  double loss_sum = 0;  ///< Sum of the losses since the last one in the metrics.
  int64_t loss_count = 0;
  std::vector<dataset::MetricRow> metrics;
  std::string module;  ///< nn::Module::state().
};

/// Formats a checkpoint: a line with the checksum of the rest, JSON on one line, and the module's
/// state. Pure.
std::string to_bytes(const Checkpoint& checkpoint);

/// Parses what to_bytes() wrote. Pure.
/// @return kCorrupt for a checksum that differs and for any other bytes.
Result<Checkpoint> parse_checkpoint(std::string_view bytes);

/// Writes a checkpoint in one atomic step, and removes all but the last two.
/// @return The name of its file. kUnavailable when the store fails; those before are left then.
Result<std::string> save(storage::Store& store, const Checkpoint& checkpoint);

/// Reads the checkpoint with the most steps; no value when there is none.
/// @return kCorrupt that names the file.
Result<std::optional<Checkpoint>> load_latest(storage::Store& store);

}  // namespace lido::learn
