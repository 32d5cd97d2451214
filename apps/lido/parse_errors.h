// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <span>
#include <string>

#include "command.h"

namespace lido::cli {

/// Rewords CLI11's message about a command line like all other errors: the flag, its value, and the
/// values that it takes.
/// @param command     The command that was called, for the kinds of its values.
/// @param from_files  Flags that a lido.toml gave; a message about such a flag names that file.
std::string parse_error_text(const CLI::ParseError& error, const Command& command,
                             std::span<const std::string> from_files);

}  // namespace lido::cli
