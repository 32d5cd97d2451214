// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>

#include "command.h"

namespace lido::cli {

/// Finds the first command or flag that does not exist.
/// @param arguments  Words after the program's name, flags with dashes in place of underscores.
/// @return A message that names the word and the nearest ones; empty when all words exist.
std::optional<std::string> misspelled(const Command& program,
                                      std::span<const std::string> arguments);

}  // namespace lido::cli
