// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace lido::cli {

/// Returns the page of a search: its trials, ranked, and a chart of the score by each option. Pure.
/// @param trials  As of trial_table(); `trial` is the name of a run's folder in trials/.
/// @param space   As parse_search_space() gives it.
std::string trial_page(const nlohmann::ordered_json& trials, const nlohmann::ordered_json& space);

}  // namespace lido::cli
