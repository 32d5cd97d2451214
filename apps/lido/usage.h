// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace lido::cli {

/// Returns the arguments of which a command needs one choice, as its usage line shows them, like
/// "(--clip TEXT --time TEXT | --list TEXT)"; empty where each argument alone is required or not.
/// @param path  "lido forget".
std::string_view choices_of(std::string_view path);

/// Returns one line with the exit codes that a command may end with.
/// @param path  "lido forget".
std::string exit_codes_of(std::string_view path);

}  // namespace lido::cli
