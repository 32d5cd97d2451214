// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "command.h"

namespace lido::cli {

/// The whole command line. A command that runs sets `exit` to its exit code.
/// @param from_files  Flags that a lido.toml gave; read when a command runs.
std::unique_ptr<CLI::App> make_app(int& exit, const std::vector<std::string>& from_files);

/// An app and its subcommands as plain data, with their examples.
Command describe(const CLI::App& app);

/// Runs one command line.
/// @param arguments  Words after the program's name.
/// @return The exit code.
int run(std::vector<std::string> arguments);

}  // namespace lido::cli
