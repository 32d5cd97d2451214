// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace lido::cli {
namespace {

constexpr size_t kColumns = 100;
constexpr size_t kHelpColumn = 30;

/// "--samples {auto,person,frame,both}".
std::string usage_of(const Argument& argument) {
  if (argument.value.empty()) return argument.name;
  const std::string value = argument.choices.empty()
                                ? argument.value
                                : fmt::format("{{{}}}", fmt::join(argument.choices, ","));
  return argument.is_flag() ? fmt::format("{} {}", argument.name, value) : argument.name;
}

/// One argument's lines: its usage, and from kHelpColumn on its help.
std::string entry(const std::string& usage, const std::string& help) {
  std::string line = "  " + usage;
  if (line.size() + 2 > kHelpColumn)
    line += "\n" + std::string(kHelpColumn, ' ');
  else
    line.resize(kHelpColumn, ' ');
  return line + wrapped(help, kColumns - kHelpColumn, kHelpColumn) + "\n";
}

std::string help_of(const Argument& argument) {
  std::string help = argument.help;
  if (!argument.fallback.empty() && argument.fallback != "\"\"")
    help += fmt::format(" [{}]", argument.fallback);
  if (argument.required && argument.is_flag()) help += " (required)";
  return help;
}

/// Whether choices like "(files... | --rules)" have a positional argument.
bool shows_argument(std::string_view choices, std::string_view name) {
  const size_t at = choices.find(fmt::format("({}", name));
  const size_t end = at + 1 + name.size();
  return at != std::string_view::npos && end < choices.size() &&
         (choices[end] == ' ' || choices[end] == '.');
}

std::string usage_line(const Command& command) {
  std::string line = "usage: " + command.path;
  for (const Argument& one : command.arguments) {
    if (one.is_flag() && one.required) line += fmt::format(" {} {}", one.name, one.value);
  }
  if (!command.choices.empty()) line += " " + command.choices;
  if (std::ranges::any_of(command.arguments, [](const Argument& one) {
        return one.is_flag() && !one.required && one.name != "--help";
      }))
    line += " [FLAGS]";
  if (!command.commands.empty()) line += " COMMAND";
  for (const Argument& one : command.arguments) {
    if (one.is_flag() || shows_argument(command.choices, one.name)) continue;
    const std::string dots = one.repeated ? "..." : "";
    line += one.required ? fmt::format(" {}{}", one.name, dots)
                         : fmt::format(" [{}{}]", one.name, dots);
  }
  return wrapped(line, kColumns, 2) + "\n";
}

}  // namespace

std::string_view Command::name() const {
  const std::string_view all = path;
  const size_t space = all.rfind(' ');
  return space == std::string_view::npos ? all : all.substr(space + 1);
}

const Command* Command::find(std::string_view subcommand) const {
  const auto found = std::ranges::find(commands, subcommand, &Command::name);
  return found == commands.end() ? nullptr : &*found;
}

const Argument* Command::flag(std::string_view flag) const {
  const auto found = std::ranges::find_if(
      arguments, [&](const Argument& one) { return one.is_flag() && one.name == flag; });
  return found == arguments.end() ? nullptr : &*found;
}

std::string wrapped(std::string_view text, size_t columns, size_t indent) {
  std::string out;
  size_t used = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view word = text.substr(0, end);
    const bool breaks = end < text.size() && text[end] == '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
    if (used > 0 && used + 1 + word.size() > columns) {
      out += "\n" + std::string(indent, ' ');
      used = 0;
    }
    if (used > 0) out += ' ';
    used += word.size() + (used > 0 ? 1 : 0);
    out += word;
    if (breaks) {
      out += "\n" + std::string(indent, ' ');
      used = 0;
    }
  }
  return out;
}

std::string help_text(const Command& command) {
  std::string text = wrapped(command.about, kColumns, 0) + "\n\n" + usage_line(command);
  bool headed = false;
  for (const Command& sub : command.commands) {
    if (sub.hidden) continue;
    if (!headed) text += "\ncommands:\n";
    headed = true;
    text += entry(std::string(sub.name()), sub.about);
  }
  std::vector<std::string> groups;
  for (const Argument& one : command.arguments) {
    if (std::ranges::find(groups, one.group) == groups.end()) groups.push_back(one.group);
  }
  for (const std::string& group : groups) {
    text += fmt::format("\n{}:\n", group);
    for (const Argument& one : command.arguments) {
      if (one.group == group) text += entry(usage_of(one), help_of(one));
    }
  }
  if (!command.notes.empty()) text += "\n" + wrapped(command.notes, kColumns, 0) + "\n";
  if (!command.examples.empty()) text += "\nexamples:\n";
  for (const std::string& example : command.examples) text += "  " + example + "\n";
  return text;
}

}  // namespace lido::cli
