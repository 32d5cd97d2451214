// SPDX-License-Identifier: Apache-2.0
#include "parse_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

namespace lido::cli {
namespace {

std::string_view wanted(const Argument* argument) {
  if (argument == nullptr || argument->value == "TEXT") return "text";
  return argument->value == "INT" ? "a whole number" : "a number";
}

/// "0.000500" as "0.0005".
std::string short_number(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return *end == '\0' ? fmt::format("{:g}", value) : text;
}

/// "a,b" as "a, b".
std::string listed_choices(std::string_view choices) {
  std::string listed;
  for (const char letter : choices)
    listed += letter == ',' ? std::string(", ") : std::string(1, letter);
  return listed;
}

using Parts = std::pair<std::string_view, std::string_view>;

/// Text before and after a word; empty without the word. Values of users may be long, and
/// std::regex recurses over its text.
std::optional<Parts> split_at(std::string_view text, size_t at, std::string_view word) {
  if (at == text.npos) return std::nullopt;
  return Parts{text.substr(0, at), text.substr(at + word.size())};
}
std::optional<Parts> split_first(std::string_view text, std::string_view word) {
  return split_at(text, text.find(word), word);
}
std::optional<Parts> split_last(std::string_view text, std::string_view word) {
  return split_at(text, text.rfind(word), word);
}

/// Text after a word that it begins with.
std::optional<std::string_view> after(std::string_view text, std::string_view word) {
  if (!text.starts_with(word)) return std::nullopt;
  return text.substr(word.size());
}

/// CLI11's "Value 5 not in range 16 to 2048", its numbers as text.
std::optional<std::string> range_fault(std::string_view text) {
  const auto value = after(text, "Value ");
  const auto bounds = value ? split_last(*value, " to ") : std::nullopt;
  const auto parts = bounds ? split_last(bounds->first, " not in range ") : std::nullopt;
  if (!parts) return std::nullopt;
  return fmt::format(" is {}, want {} to {}", parts->first,
                     short_number(std::string(parts->second)),
                     short_number(std::string(bounds->second)));
}

/// A message about one flag's value, after "FLAG".
std::optional<std::string> value_fault(std::string_view text) {
  if (auto fault = range_fault(text)) return fault;
  const auto choices = split_last(text, " not in {");
  if (choices && text.ends_with('}'))
    return fmt::format(" is \"{}\", want one of: {}", choices->first,
                       listed_choices(choices->second.substr(0, choices->second.size() - 1)));
  if (const auto file = after(text, "File does not exist: "))
    return fmt::format(" is \"{}\", want a file that exists", *file);
  if (text.starts_with("is ")) return fmt::format(" {}", text);
  return std::nullopt;
}

std::string reworded(const CLI::ParseError& error, const std::string& text, const Command& command,
                     std::string& flag) {
  const std::string see = fmt::format(" See {} --help.", command.path);
  const auto bad_value = after(text, "Could not convert: ");
  if (const auto parts = bad_value ? split_first(*bad_value, " = ") : std::nullopt) {
    flag = parts->first;
    const Argument* argument = command.flag(flag);
    if (argument != nullptr && argument->value.empty())
      return fmt::format("{} is \"{}\", want no value", flag, parts->second);
    return fmt::format("{} is \"{}\", want {}", flag, parts->second, wanted(argument));
  }
  // "--size: 1 required INT missing".
  const auto named = split_first(text, ": ");
  const size_t digits = named ? named->second.find_first_not_of("0123456789") : 0;
  if (digits > 0 && digits != text.npos && text.ends_with(" missing") &&
      named->second.substr(digits).starts_with(" required ")) {
    flag = named->first;
    return fmt::format("{}: no value, want {}.{}", flag, wanted(command.flag(flag)), see);
  }
  if (const auto times =
          named ? after(named->second, "At Most 1 required but received ") : std::nullopt) {
    flag = named->first;
    return fmt::format("{} is given {} times, want once", flag, *times);
  }
  const auto is = [&](CLI::ExitCodes code) {
    return error.get_exit_code() == static_cast<int>(code);
  };
  if (is(CLI::ExitCodes::ExtrasError)) {
    const std::string words = text.substr(std::min(text.find(": ") + 2, text.size()));
    return fmt::format("{} takes no more arguments, got \"{}\".{}", command.path, words, see);
  }
  const auto missing = split_last(text, " is required");
  if (missing && missing->second.empty() && missing->first.find(' ') == text.npos)
    return fmt::format("{} is missing.{}", missing->first, see);
  if (is(CLI::ExitCodes::RequiredError)) return fmt::format("{}.{}", text, see);
  if (named && named->first.find_first_of(" :") == text.npos) {
    flag = named->first;
    if (const auto fault = value_fault(named->second)) return flag + *fault;
  }
  return text;
}

}  // namespace

std::string parse_error_text(const CLI::ParseError& error, const Command& command,
                             std::span<const std::string> from_files) {
  std::string flag;
  std::string text = reworded(error, error.what(), command, flag);
  if (std::ranges::find(from_files, flag) != from_files.end()) return "lido.toml: " + text;
  return text;
}

}  // namespace lido::cli
