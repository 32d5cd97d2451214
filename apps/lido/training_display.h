// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace lido::cli {

/// Returns the progress of a training run on one line, for a terminal. Pure.
/// @param progress  As lido-train prints it: steps, steps_total, epoch (from 0), loss; best_score
///                  and eta_s where known.
std::string training_line(const nlohmann::ordered_json& progress);

/// Prints the end of a training run on standard output.
/// @param summary  As lido-train prints it with --json.
/// @param out      Folder of the run.
void print_training_end(const nlohmann::ordered_json& summary, const std::string& out,
                        bool as_json);

}  // namespace lido::cli
