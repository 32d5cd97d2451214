// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace lido {

/// Returns a JSON value as text. Bytes that are not UTF-8 become U+FFFD, where nlohmann's dump()
/// throws by default: a name from outside must not end the program. Thread-safe.
/// @param indent  Spaces a level; -1 for one line.
std::string json_text(const auto& json, int indent = -1) {
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace lido
