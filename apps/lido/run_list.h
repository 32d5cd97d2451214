// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lido/dataset/training_runs.h"

namespace lido::cli {

/// Returns a training run on one line: its folder, what it learns, and its latest model.
std::string run_line(const dataset::TrainingRun& run);

/// Returns training runs as JSON, with the checksums of all their models.
nlohmann::ordered_json runs_json(const std::vector<dataset::TrainingRun>& runs);

/// Returns the runs with these ids. An id whose file is gone gives a run without a folder.
std::vector<dataset::TrainingRun> runs_of(const std::vector<std::string>& ids,
                                          const std::vector<dataset::TrainingRun>& runs);

}  // namespace lido::cli
