// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "command.h"

namespace lido::cli {

/// A completion script: commands, flags, and the values of flags that take one of a list.
/// @param shell  "bash", "zsh" or "fish".
std::string completion(const Command& program, std::string_view shell);

}  // namespace lido::cli
