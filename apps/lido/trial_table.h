// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace lido::cli {

/// Returns the trials of `lido tune` as a table for people, best first. Pure.
/// @param trials  Rows of the driver: trial, score (null without one), epochs, state, options,
///                error.
std::string trial_table(const nlohmann::ordered_json& trials);

/// Returns the trials as CSV, with a column for each option. Pure.
std::string trial_csv(const nlohmann::ordered_json& trials);

/// A number in four digits, or any other value of an option as it is. Pure.
std::string short_text(const nlohmann::ordered_json& value);

}  // namespace lido::cli
