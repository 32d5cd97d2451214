// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lido/base/result.h"

namespace lido::dataset {

/// A moment on the wall clock.
struct UtcTime {
  int64_t us = 0;  ///< Microseconds since 1970-01-01 UTC; negative before.
  auto operator<=>(const UtcTime&) const = default;
};

/// Parses "2026-07-01T14:03:00Z", with an optional fraction and "+02:00" in place of Z. Pure.
/// @return kInvalidArgument for any other text.
Result<UtcTime> parse_utc(std::string_view text);

/// Formats a moment as "2026-07-01T14:03:00.000000Z". Pure.
std::string to_string(const UtcTime& time);

}  // namespace lido::dataset
