// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lido::cli {

/// Two command lines that show a command at work, for the end of its help.
/// @param path  Like "lido cluster check".
/// @return Empty for a hidden command.
std::vector<std::string> examples_of(std::string_view path);

}  // namespace lido::cli
