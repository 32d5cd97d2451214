// SPDX-License-Identifier: Apache-2.0
#include "parse_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <regex>

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

/// "{a,b}" or "a,b" as "a, b".
std::string listed_choices(const std::string& choices) {
  return std::regex_replace(choices, std::regex(","), ", ");
}

/// A message about one flag's value, after "FLAG".
std::optional<std::string> value_fault(const std::string& text) {
  std::smatch found;
  if (std::regex_match(text, found, std::regex("Value (.*) not in range (.*) to (.*)")))
    return fmt::format(" is {}, want {} to {}", found.str(1), short_number(found[2]),
                       short_number(found[3]));
  if (std::regex_match(text, found, std::regex("(.*) not in \\{(.*)\\}")))
    return fmt::format(" is \"{}\", want one of: {}", found.str(1), listed_choices(found[2]));
  if (std::regex_match(text, found, std::regex("File does not exist: ([^]*)")))
    return fmt::format(" is \"{}\", want a file that exists", found.str(1));
  if (text.starts_with("is ")) return " " + text;
  return std::nullopt;
}

std::string reworded(const CLI::ParseError& error, const std::string& text, const Command& command,
                     std::string& flag) {
  const std::string see = fmt::format(" See {} --help.", command.path);
  std::smatch found;
  if (std::regex_match(text, found, std::regex("Could not convert: (\\S+) = ([^]*)"))) {
    flag = found[1];
    const Argument* argument = command.flag(flag);
    if (argument != nullptr && argument->value.empty())
      return fmt::format("{} is \"{}\", want no value", flag, found.str(2));
    return fmt::format("{} is \"{}\", want {}", flag, found.str(2), wanted(argument));
  }
  if (std::regex_match(text, found, std::regex("(\\S+): [0-9]+ required .* missing"))) {
    flag = found[1];
    return fmt::format("{}: no value, want {}.{}", flag, wanted(command.flag(flag)), see);
  }
  const auto is = [&](CLI::ExitCodes code) {
    return error.get_exit_code() == static_cast<int>(code);
  };
  if (is(CLI::ExitCodes::ExtrasError)) {
    const std::string words = text.substr(std::min(text.find(": ") + 2, text.size()));
    return fmt::format("{} takes no more arguments, got \"{}\".{}", command.path, words, see);
  }
  if (is(CLI::ExitCodes::RequiredError)) return fmt::format("{}.{}", text, see);
  if (std::regex_match(text, found, std::regex("([^ :]+): ([^]*)"))) {
    flag = found[1];
    if (const auto fault = value_fault(found[2])) return flag + *fault;
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
