// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lido {

/// Returns a number in groups of three digits: "1 234 567".
std::string human_count(int64_t count);
/// Returns a count with its noun: "1 clip", "0 clips", "1 234 clips".
std::string counted(int64_t count, std::string_view noun);
/// Returns a count with a noun whose plural is not the noun and an s, or with noun and verb:
/// "1 file or folder", "2 samples have".
std::string counted(int64_t count, std::string_view one, std::string_view several);

}  // namespace lido
