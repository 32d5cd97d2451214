// SPDX-License-Identifier: Apache-2.0
#include "spelling.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "lido/base/nearest.h"

namespace lido::cli {
namespace {

std::string question(std::span<const std::string> suggestions) {
  if (suggestions.empty()) return {};
  return fmt::format(" Did you mean {}?", fmt::join(suggestions, " or "));
}

std::string no_such_command(const Command& program, const Command& parent, std::string_view word) {
  std::vector<std::string> names;
  for (const Command& one : parent.commands) {
    if (!one.hidden) names.emplace_back(one.name());
  }
  std::vector<std::string> suggestions = nearest(word, names);
  for (std::string& name : suggestions) name = fmt::format("{} {}", parent.path, name);
  const std::string flag = fmt::format("--{}", word);
  if (word == "help") {
    suggestions = {fmt::format("{} help{}", program.path, parent.path.substr(program.path.size()))};
  } else if (parent.flag(flag) != nullptr) {
    suggestions = {fmt::format("{} {}", parent.path, flag)};
  }
  if (suggestions.empty()) {
    visit_commands(program, [&](const Command& one) {
      if (!one.hidden && one.name() == word) suggestions.push_back(one.path);
    });
  }
  return fmt::format("{}: not a command of {}.{} See {} --help.", word, parent.path,
                     question(suggestions), parent.path);
}

/// Flags near to a word that was written before its command: "lido ingest --out".
std::vector<std::string> near_flags_below(const Command& group, std::string_view flag) {
  constexpr size_t kMaxCommands = 3;
  NearestWords near(flag);
  visit_commands(group, [&](const Command& one) {
    for (const Argument& argument : one.arguments) {
      if (argument.is_flag() && !one.hidden) near.add(argument.name);
    }
  });
  std::vector<std::string> suggestions;
  visit_commands(group, [&](const Command& one) {
    for (const std::string& name : near.best()) {
      const bool has_it = !one.hidden && one.flag(name) != nullptr;
      if (has_it && suggestions.size() < kMaxCommands)
        suggestions.push_back(fmt::format("{} {}", one.path, name));
    }
  });
  return suggestions;
}

std::string no_such_flag(const Command& command, std::string_view flag) {
  std::vector<std::string> flags;
  for (const Argument& one : command.arguments) {
    if (one.is_flag()) flags.push_back(one.name);
  }
  std::vector<std::string> suggestions = nearest(flag, flags);
  if (suggestions.empty() && !command.commands.empty())
    suggestions = near_flags_below(command, flag);
  return fmt::format("{}: not a flag of {}.{} See {} --help.", flag, command.path,
                     question(suggestions), command.path);
}

}  // namespace

std::optional<std::string> misspelled(const Command& program,
                                      std::span<const std::string> arguments) {
  const Command* command = &program;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--") break;
    if (word.starts_with("--")) {
      const size_t equals = std::min(word.find('='), word.size());
      const Argument* flag = command->flag(std::string_view(word).substr(0, equals));
      if (flag == nullptr) return no_such_flag(*command, std::string_view(word).substr(0, equals));
      if (!flag->value.empty() && equals == word.size()) ++i;
      continue;
    }
    if (command->commands.empty()) continue;  // a positional argument
    const Command* below = command->find(word);
    if (below == nullptr) return no_such_command(program, *command, word);
    command = below;
  }
  return std::nullopt;
}

}  // namespace lido::cli
