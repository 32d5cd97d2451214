// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "command.h"

namespace lido::cli {

/// The commands of a program, beside help, completion and the manual page.
struct CommandSet {
  /// Adds the commands; parameters as of make_app().
  void (*add)(CLI::App& app, int& exit, const std::vector<std::string>& from_files);
  /// How to get the other commands. Empty for a program that has all.
  std::string_view others;
};

/// The commands of this program: all of them, or those that `./dev demo` needs, as LIDO_COMMANDS
/// of apps/lido/CMakeLists.txt chooses.
CommandSet commands();

/// The whole command line. A command that runs sets `exit` to its exit code.
/// @param from_files  Flags that a lido.toml gave; read when a command runs.
std::unique_ptr<CLI::App> make_app(int& exit, const std::vector<std::string>& from_files,
                                   const CommandSet& set);

/// An app and its subcommands as plain data, with their examples.
Command describe(const CLI::App& app);

/// Runs one command line.
/// @param arguments  Words after the program's name.
/// @return The exit code.
int run(std::vector<std::string> arguments, const CommandSet& set);

}  // namespace lido::cli
