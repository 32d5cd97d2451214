// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace lido {

/// Returns a text of a JSON object from outside.
/// @param fallback  Returned for JSON that is no object, a missing key and a value that is no text.
inline std::string text_at(const nlohmann::json& json, const char* key, const char* fallback = "") {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : fallback;
}

}  // namespace lido
