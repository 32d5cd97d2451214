// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace lido::cli {

/// "12.3 GB", "845 kB": powers of ten.
std::string human_bytes(double bytes);
/// "2 h 03 min", "41 s".
std::string human_seconds(double seconds);
/// "1 234 567".
std::string human_count(int64_t count);
/// "1 clip", "1 234 clips".
std::string counted(int64_t count, std::string_view noun);
/// Text as one line for a terminal: control characters become "?", bytes that are not UTF-8 "\xE9",
/// and a long text is cut in its middle.
std::string printable(std::string_view text);

}  // namespace lido::cli
