// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "lido/base/result.h"

namespace lido::model {

/// Reads a search space: a YAML map from names of TrainOptions to a list of values, or to a range
/// of numbers: {min: 1e-4, max: 1e-1, log: true}. Options that describe the
/// data or the machine are refused.
/// @param file  Name for error messages.
/// @return {"learning_rate": {"min", "max", "log", "whole"}, "batch_size": {"values": [...]}}, in
///         the order of the file; kInvalidArgument for an unknown option, a value out of its range,
///         and an empty space.
Result<nlohmann::ordered_json> parse_search_space(std::string_view text, const std::string& file);

}  // namespace lido::model
