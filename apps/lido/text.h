// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "lido/base/counted.h"

namespace lido::cli {

/// "12.3 GB", "845 kB": powers of ten.
std::string human_bytes(double bytes);
/// "2 h 03 min", "41 s".
std::string human_seconds(double seconds);
/// Text as one line for a terminal: control characters become "?", bytes that are not UTF-8 "\xE9",
/// and a long text is cut in its middle.
std::string printable(std::string_view text);

}  // namespace lido::cli
