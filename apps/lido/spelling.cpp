// SPDX-License-Identifier: Apache-2.0
#include "spelling.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace lido::cli {
namespace {

constexpr size_t kMaxSuggestions = 3;

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
  if (suggestions.empty()) {
    visit_commands(program, [&](const Command& one) {
      if (!one.hidden && one.name() == word) suggestions.push_back(one.path);
    });
  }
  return fmt::format("{}: not a command of {}.{} See {} --help.", word, parent.path,
                     question(suggestions), parent.path);
}

std::string no_such_flag(const Command& command, std::string_view flag) {
  std::vector<std::string> flags;
  for (const Argument& one : command.arguments) {
    if (one.is_flag()) flags.push_back(one.name);
  }
  return fmt::format("{}: not a flag of {}.{} See {} --help.", flag, command.path,
                     question(nearest(flag, flags)), command.path);
}

}  // namespace

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      now[j] =
          std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1] ? 1 : 0)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = std::min(now[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

std::vector<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  const size_t max_distance = std::max<size_t>(1, word.size() / 3);
  std::vector<std::pair<size_t, std::string>> found;
  for (const std::string& one : candidates) {
    // A word cut short is as near as one wrong letter.
    const bool cut = word.size() > 3 && one.starts_with(word);
    const size_t distance = cut ? 1 : edit_distance(word, one);
    if (distance <= max_distance) found.emplace_back(distance, one);
  }
  std::ranges::sort(found);
  std::vector<std::string> best;
  for (auto& [distance, one] : found) {
    if (distance == found.front().first && best.size() < kMaxSuggestions)
      best.push_back(std::move(one));
  }
  return best;
}

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
