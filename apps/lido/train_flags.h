// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "lido/base/result.h"
#include "lido/model/config.h"

namespace lido::cli {

/// Path of lido-train, the program that trains, beside this one.
std::string train_program();

/// Checks that a new run has a network, data for it, and options in their ranges.
/// @return kInvalidArgument.
Result<void> check_train_config(const model::TrainConfig& config);

/// Makes the data's place absolute: workers on Ray have other working folders.
void make_absolute(model::TrainConfig& config);

/// A request for lido-train. Pure.
/// @param out  Folder of the run.
nlohmann::ordered_json train_request(const model::TrainConfig& config, const std::string& out);

}  // namespace lido::cli
