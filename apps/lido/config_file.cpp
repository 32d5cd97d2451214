// SPDX-License-Identifier: Apache-2.0
#include "config_file.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "lido/base/nearest.h"

namespace lido::cli {
namespace {

constexpr std::string_view kSpace = " \t\r";
// Where work and its token go, and what runs: a folder that was unpacked from elsewhere must not
// decide that.
constexpr std::array<std::string_view, 4> kOnlyTrusted = {"on", "token-file", "kubeconfig",
                                                          "context"};

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

bool is_bare(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  });
}

/// Reads values of one line, from left to right.
class ValueReader {
 public:
  ValueReader(std::string_view text, const std::string& place) : rest_(text), place_(place) {}

  /// The line's value, and nothing behind it but a comment.
  Result<std::vector<std::string>> read_all() {
    std::vector<std::string> values;
    skip_space();
    if (rest_.starts_with('[')) {
      values = LIDO_TRY(read_array());
    } else {
      values.push_back(LIDO_TRY(read_one()));
    }
    skip_space();
    if (!rest_.empty() && rest_.front() != '#') return refuse("is followed by more text");
    return values;
  }

 private:
  std::unexpected<Error> refuse(std::string_view what) const {
    return fail(ErrorCode::kInvalidArgument,
                "{}: the value {}, want a \"string\", a number, true, false or an array of these "
                "on one line",
                place_, what);
  }

  void skip_space() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpace), rest_.size()));
  }

  Result<std::vector<std::string>> read_array() {
    std::vector<std::string> values;
    rest_.remove_prefix(1);
    while (true) {
      skip_space();
      if (rest_.starts_with(']')) break;
      values.push_back(LIDO_TRY(read_one()));
      skip_space();
      if (rest_.starts_with(',')) {
        rest_.remove_prefix(1);
      } else if (!rest_.starts_with(']')) {
        return refuse("is an array without its end");
      }
    }
    rest_.remove_prefix(1);
    return values;
  }

  Result<std::string> read_one() {
    if (rest_.starts_with('"') || rest_.starts_with('\'')) return read_string();
    const size_t end = std::min(rest_.find_first_of(" \t\r,]#"), rest_.size());
    std::string word(rest_.substr(0, end));
    rest_.remove_prefix(end);
    if (word == "true" || word == "false") return word;
    char* stop = nullptr;
    std::strtod(word.c_str(), &stop);
    const bool number = !word.empty() && *stop == '\0' &&
                        word.find_first_not_of("0123456789+-.eE") == std::string::npos;
    if (!number) return refuse(word.empty() ? "is missing" : "has no quotes");
    return word;
  }

  Result<std::string> read_string() {
    const char quote = rest_.front();
    std::string value;
    for (size_t i = 1; i < rest_.size(); ++i) {
      const char c = rest_[i];
      if (c == quote) {
        rest_.remove_prefix(i + 1);
        return value;
      }
      if (c != '\\' || quote == '\'') {
        value += c;
        continue;
      }
      constexpr std::string_view kEscapes = "\"\\nt", kMeanings = "\"\\\n\t";
      const size_t known = ++i < rest_.size() ? kEscapes.find(rest_[i]) : std::string_view::npos;
      if (known == std::string_view::npos)
        return refuse("has an escape other than \\\" \\\\ \\n \\t");
      value += kMeanings[known];
    }
    return refuse("is a string without its end");
  }

  std::string_view rest_;
  const std::string& place_;
};

const Command* command_of_section(const Command& program, std::string_view section) {
  const Command* command = &program;
  while (command != nullptr && !section.empty()) {
    const size_t dot = std::min(section.find('.'), section.size());
    command = command->find(section.substr(0, dot));
    section.remove_prefix(std::min(dot + 1, section.size()));
  }
  return command;
}

/// Flags of the command and, for the whole program, of any command.
std::vector<std::string> flags_below(const Command& command, bool everywhere) {
  std::vector<std::string> flags;
  const auto add = [&](const Command& one) {
    for (const Argument& argument : one.arguments) {
      if (argument.is_flag() && argument.name != "--help" && argument.name != "--version")
        flags.push_back(argument.name.substr(2));
    }
  };
  if (everywhere)
    visit_commands(command, add);
  else
    add(command);
  return flags;
}

/// Refuses sections and keys that no command has.
Result<void> check(const Command& program, const std::vector<ConfigEntry>& entries, bool trusted) {
  for (const ConfigEntry& entry : entries) {
    const Command* command = command_of_section(program, entry.section);
    if (command == nullptr || command->hidden)
      return fail(ErrorCode::kInvalidArgument, "{}: [{}] is not a command. See lido --help.",
                  entry.place, entry.section);
    const auto flags = flags_below(*command, entry.section.empty());
    if (std::ranges::find(flags, entry.key) == flags.end()) {
      const auto near = nearest(entry.key, flags);
      return fail(ErrorCode::kInvalidArgument, "{}: {} is not a flag of {}.{} See {} --help.",
                  entry.place, entry.key, entry.section.empty() ? "any command" : command->path,
                  near.empty() ? "" : fmt::format(" Did you mean {}?", near.front()),
                  command->path);
    }
    if (!trusted && std::ranges::find(kOnlyTrusted, entry.key) != kOnlyTrusted.end())
      return fail(ErrorCode::kInvalidArgument,
                  "{}: {} is allowed only in your own file, not in the working folder's. Move it "
                  "to ~/.config/lido/lido.toml, or give it on the command line.",
                  entry.place, entry.key);
  }
  return {};
}

struct Chosen {
  const Command* command;
  std::string section;
};

/// The command that a command line runs.
Chosen chosen_command(const Command& program, const std::vector<std::string>& arguments) {
  Chosen chosen{&program, ""};
  for (const std::string& word : arguments) {
    if (chosen.command->commands.empty()) break;
    const Command* below = chosen.command->find(word);
    if (below == nullptr) break;
    chosen.command = below;
    chosen.section += (chosen.section.empty() ? "" : ".") + word;
  }
  return chosen;
}

bool holds_flag(const std::vector<std::string>& arguments, const std::string& flag) {
  for (const std::string& one : arguments) {
    if (one == "--") return false;
    if (one == flag || one.starts_with(flag + "=")) return true;
  }
  return false;
}

}  // namespace

Result<std::vector<ConfigEntry>> parse_config(std::string_view text, const std::string& file) {
  std::vector<ConfigEntry> entries;
  std::string section;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string place = fmt::format("{}:{}", file, number);
    if (line.empty() || line.front() == '#') continue;
    if (line.front() == '[') {
      const size_t close = line.find(']');
      const std::string_view behind =
          close == std::string_view::npos ? "" : trimmed(line.substr(close + 1));
      if (close == std::string_view::npos || (!behind.empty() && behind.front() != '#'))
        return fail(ErrorCode::kInvalidArgument, "{}: not a section, want [command]", place);
      section = trimmed(line.substr(1, close - 1));
      continue;
    }
    const size_t equals = line.find('=');
    const std::string_view key = trimmed(line.substr(0, std::min(equals, line.size())));
    if (equals == std::string_view::npos || !is_bare(key))
      return fail(ErrorCode::kInvalidArgument, "{}: not a setting, want key = value", place);
    ConfigEntry entry{.section = section, .key = std::string(key), .place = place};
    std::ranges::replace(entry.key, '_', '-');
    entry.values = LIDO_TRY(ValueReader(line.substr(equals + 1), place).read_all());
    for (const ConfigEntry& before : entries) {
      if (before.section == section && before.key == entry.key)
        return fail(ErrorCode::kInvalidArgument, "{}: {} is set already, at {}", place, key,
                    before.place);
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<ConfigFile> config_files() {
  std::vector<ConfigFile> files = {{"lido.toml", false}};
  const char* folder = std::getenv("XDG_CONFIG_HOME");
  const char* home = std::getenv("HOME");
  if (folder != nullptr && *folder != '\0')
    files.push_back({std::string(folder) + "/lido/lido.toml", true});
  else if (home != nullptr && *home != '\0')
    files.push_back({std::string(home) + "/.config/lido/lido.toml", true});
  return files;
}

Result<CommandLine> with_config_files(const Command& program,
                                      const std::vector<std::string>& arguments,
                                      std::span<const ConfigFile> files) {
  CommandLine line{arguments, {}};
  const Chosen chosen = chosen_command(program, arguments);
  std::vector<std::string> added;
  // A command's own section is more exact than the keys above all sections.
  for (const bool own : {true, false}) {
    for (const ConfigFile& file : files) {
      std::error_code ignored;
      if (!std::filesystem::exists(file.path, ignored)) continue;
      std::ifstream in(file.path, std::ios::binary);
      if (!in || std::filesystem::is_directory(file.path, ignored))
        return fail(ErrorCode::kInvalidArgument, "{}: cannot be read, want a file of flags",
                    file.path);
      const std::string text(std::istreambuf_iterator<char>(in), {});
      const auto entries = LIDO_TRY(parse_config(text, file.path));
      LIDO_TRY(check(program, entries, file.trusted));
      for (const ConfigEntry& entry : entries) {
        const std::string flag = "--" + entry.key;
        const Argument* argument = chosen.command->flag(flag);
        const bool counts = own ? entry.section == chosen.section && !chosen.section.empty()
                                : entry.section.empty();
        if (!counts || argument == nullptr || holds_flag(arguments, flag) ||
            std::ranges::find(line.from_files, flag) != line.from_files.end())
          continue;
        for (const std::string& value : entry.values) added.push_back(flag + "=" + value);
        line.from_files.push_back(flag);
      }
    }
  }
  const auto end = std::ranges::find(line.arguments, "--");
  line.arguments.insert(end, added.begin(), added.end());
  return line;
}

}  // namespace lido::cli
