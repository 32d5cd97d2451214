// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lido::cli {

/// One flag or positional argument of a command.
struct Argument {
  std::string name;   ///< "--out", or "clips" of a positional.
  std::string value;  ///< Kind of value, like "TEXT"; empty for a flag without value.
  std::vector<std::string> choices;  ///< The values it takes; empty when any will do.
  std::string help;
  std::string fallback;  ///< The value without the flag, as text; empty for none.
  std::string group;     ///< Heading that the help lists it under.
  bool required = false;
  bool repeated = false;  ///< Takes several values.

  bool is_flag() const { return name.starts_with("-"); }
};

/// A command with its arguments and subcommands: plain data, from which help, completion, the man
/// page and the checks of spelling are made.
struct Command {
  std::string path;  ///< "lido cluster check".
  std::string about;
  std::string notes;    ///< Printed below the arguments.
  std::string choices;  ///< Arguments of which one choice is needed, as choices_of() has them.
  std::vector<std::string> examples;
  std::vector<Argument> arguments;
  std::vector<Command> commands;
  bool hidden = false;  ///< Left out of help and completion.

  /// Last word of the path.
  std::string_view name() const;
  /// @return nullptr when there is no such subcommand.
  const Command* find(std::string_view subcommand) const;
  /// @param flag  With its dashes.
  /// @return nullptr when there is no such flag.
  const Argument* flag(std::string_view flag) const;
};

/// The command's help as `--help` prints it, in lines of at most 100 columns.
std::string help_text(const Command& command);

/// Breaks text into lines of at most `columns`; a word longer than that has a line of its own.
/// @param indent  Spaces before each line but the first.
std::string wrapped(std::string_view text, size_t columns, size_t indent);

/// Calls `visit` for the command and all commands below it, parents first.
void visit_commands(const Command& command, auto&& visit) {
  visit(command);
  for (const Command& below : command.commands) visit_commands(below, visit);
}

}  // namespace lido::cli
