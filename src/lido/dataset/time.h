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

/// Parses a time of RFC 3339, "2026-07-01T14:03:00Z": with an optional fraction, "+02:00", "+0200"
/// or "+02" (up to 14 h) in place of Z, and 60 for a leap second. Pure.
/// @return kInvalidArgument for any other text, and for a day or an hour that does not exist.
Result<UtcTime> parse_utc(std::string_view text);

/// Formats a moment as "2026-07-01T14:03:00.000000Z". Pure.
std::string to_string(const UtcTime& time);

}  // namespace lido::dataset
