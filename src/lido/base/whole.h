// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

namespace lido {

/// A whole number, if that is what it is and if it fits. The library's own conversion makes an int
/// of any number, and of one that is too large an undefined one.
template <std::integral T>
std::optional<T> whole(const auto& json) {
  if (json.is_number_unsigned()) {
    const auto value = json.template get<uint64_t>();
    return std::in_range<T>(value) ? std::optional(static_cast<T>(value)) : std::nullopt;
  }
  if (!json.is_number_integer()) return std::nullopt;
  const auto value = json.template get<int64_t>();
  return std::in_range<T>(value) ? std::optional(static_cast<T>(value)) : std::nullopt;
}

/// A list of such numbers.
template <std::integral T>
std::optional<std::vector<T>> all_whole(const auto& json) {
  if (!json.is_array()) return std::nullopt;
  std::vector<T> values;
  for (const auto& one : json) {
    const auto value = whole<T>(one);
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

}  // namespace lido
