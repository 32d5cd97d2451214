// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

namespace lido {

/// Returns a JSON value as an integer of type T; empty when it is no integer or out of T's range.
///
/// nlohmann's own get<int>() truncates fractions, and is undefined for numbers out of range.
/// Thread-safe.
template <std::integral T>
std::optional<T> json_integer(const auto& json) {
  if (json.is_number_unsigned()) {
    const auto value = json.template get<uint64_t>();
    return std::in_range<T>(value) ? std::optional(static_cast<T>(value)) : std::nullopt;
  }
  if (!json.is_number_integer()) return std::nullopt;
  const auto value = json.template get<int64_t>();
  return std::in_range<T>(value) ? std::optional(static_cast<T>(value)) : std::nullopt;
}

/// Returns a JSON array as integers of type T; empty when it is no array or json_integer() is empty
/// for an element. Thread-safe.
template <std::integral T>
std::optional<std::vector<T>> json_integers(const auto& json) {
  if (!json.is_array()) return std::nullopt;
  std::vector<T> values;
  for (const auto& element : json) {
    const auto value = json_integer<T>(element);
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

}  // namespace lido
