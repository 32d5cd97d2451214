// SPDX-License-Identifier: Apache-2.0
#include "completion.h"

#include <fmt/ranges.h>

#include <vector>

namespace lido::cli {
namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// The help's first sentence, short enough for a menu.
std::string brief(const std::string& help) {
  constexpr size_t kMaxLetters = 70;
  std::string first = help.substr(0, std::min(help.find(". "), help.find_first_of(":;\n")));
  if (first.size() <= kMaxLetters) return first;
  return first.substr(0, first.rfind(' ', kMaxLetters));
}

std::vector<const Command*> shown(const Command& command) {
  std::vector<const Command*> commands;
  for (const Command& one : command.commands) {
    if (!one.hidden) commands.push_back(&one);
  }
  return commands;
}

std::vector<const Argument*> flags_of(const Command& command) {
  std::vector<const Argument*> flags;
  for (const Argument& one : command.arguments) {
    if (one.is_flag()) flags.push_back(&one);
  }
  return flags;
}

/// All commands that are not hidden, parents first.
std::vector<const Command*> all_commands(const Command& program) {
  std::vector<const Command*> commands;
  visit_commands(program, [&](const Command& one) {
    if (!one.hidden) commands.push_back(&one);
  });
  return commands;
}

/// Words that may come next, for bash.
std::string next_words(const Command& command) {
  std::vector<std::string> words;
  for (const Command* sub : shown(command)) words.emplace_back(sub->name());
  return fmt::format("{}", fmt::join(words, " "));
}

std::string flag_words(const Command& command) {
  std::vector<std::string> words;
  for (const Argument* flag : flags_of(command)) words.push_back(flag->name);
  return fmt::format("{}", fmt::join(words, " "));
}

std::string bash(const Command& program) {
  std::string paths, words, values;
  for (const Command* command : all_commands(program)) {
    if (command != &program)
      paths += fmt::format("{}\"{}\"", paths.empty() ? "" : " | ", command->path);
    words += fmt::format("    \"{}\") commands=\"{}\" flags=\"{}\" ;;\n", command->path,
                         next_words(*command), flag_words(*command));
    for (const Argument* flag : flags_of(*command)) {
      if (flag->value.empty()) continue;
      values += flag->choices.empty()
                    ? fmt::format("    \"{} {}\") compopt -o default; return ;;\n", command->path,
                                  flag->name)
                    : fmt::format(
                          "    \"{} {}\") COMPREPLY=($(compgen -W \"{}\" -- \"$cur\")); "
                          "return ;;\n",
                          command->path, flag->name, fmt::join(flag->choices, " "));
    }
  }
  return fmt::format(R"(# bash completion for lido, made by `lido completion bash`.
_lido() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}
  local path=lido commands flags i
  COMPREPLY=()
  # bash takes "--flag=value" for three words.
  if [[ $cur == "=" ]]; then
    cur=""
  elif [[ $prev == "=" ]]; then
    prev=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path ${{COMP_WORDS[i]}}" in
    {}) path="$path ${{COMP_WORDS[i]}}" ;;
    esac
  done
  case "$path $prev" in
{}  esac
  case "$path" in
{}  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [[ -n $commands ]]; then
    COMPREPLY=($(compgen -W "$commands" -- "$cur"))
  else
    compopt -o default
  fi
}}
complete -F _lido lido
)",
                     paths, values, words);
}

/// Text between single quotes, for zsh and fish.
std::string shell_word(std::string_view text) {
  return "'" + replaced(std::string(text), "'", "'\\''") + "'";
}

/// Text inside a specification of zsh's _arguments.
std::string zsh_text(const std::string& text) {
  std::string escaped = text;
  for (const char* c : {"\\", "[", "]", ":"})
    escaped = replaced(std::move(escaped), c, std::string("\\") + c);
  return escaped;
}

std::string function_of(const Command& command) { return "_" + replaced(command.path, " ", "_"); }

/// One function for each command.
std::string zsh_function(const Command& command) {
  std::string text = function_of(command) + "() {\n  local state line\n  _arguments -C";
  for (const Argument& one : command.arguments) {
    if (!one.is_flag()) continue;
    std::string spec =
        fmt::format("{}{}[{}]", one.repeated ? "*" : "", one.name, zsh_text(brief(one.help)));
    if (!one.value.empty()) {
      spec += one.choices.empty() ? fmt::format(":{}:_files", one.value)
                                  : fmt::format(":{}:({})", one.value, fmt::join(one.choices, " "));
    }
    text += " \\\n    " + shell_word(spec);
  }
  const auto subs = shown(command);
  if (subs.empty()) return text + " \\\n    '*:file:_files'\n}\n";
  text +=
      " \\\n    '1:command:->command' '*::argument:->argument'\n  case $state in\n  command)\n"
      "    local -a commands=(\n";
  for (const Command* sub : subs) {
    text += fmt::format("      {}\n",
                        shell_word(fmt::format("{}:{}", sub->name(), zsh_text(brief(sub->about)))));
  }
  text += "    )\n    _describe command commands ;;\n  argument)\n    case $line[1] in\n";
  for (const Command* sub : subs)
    text += fmt::format("    {}) {} ;;\n", sub->name(), function_of(*sub));
  return text + "    esac ;;\n  esac\n}\n";
}

std::string zsh(const Command& program) {
  std::string text = "#compdef lido\n# zsh completion for lido, made by `lido completion zsh`.\n";
  for (const Command* command : all_commands(program)) text += zsh_function(*command);
  // The first call comes from the completion system, which loads the file as the function's body.
  return text + "if [[ $funcstack[1] == _lido ]]; then _lido \"$@\"; else compdef _lido lido; fi\n";
}

/// The words of a command's path behind the program's name.
std::vector<std::string> path_words(const Command& command) {
  std::vector<std::string> words;
  std::string_view rest = command.path;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(' '), rest.size());
    words.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  words.erase(words.begin());
  return words;
}

/// The condition under which a command's words are completed, for fish.
std::string fish_condition(const Command& command) {
  std::string condition;
  for (const std::string& word : path_words(command)) {
    condition += condition.empty() ? "" : "; and ";
    condition += "__fish_seen_subcommand_from " + word;
  }
  const std::string below = next_words(command);
  if (!below.empty()) {
    condition += condition.empty() ? "" : "; and ";
    condition += "not __fish_seen_subcommand_from " + below;
  }
  return shell_word(condition);
}

std::string fish(const Command& program) {
  std::string text = "# fish completion for lido, made by `lido completion fish`.\n";
  for (const Command* command : all_commands(program)) {
    const std::string begin = "complete -c lido -n " + fish_condition(*command);
    for (const Command* sub : shown(*command)) {
      text += fmt::format("{} -f -a {} -d {}\n", begin, sub->name(), shell_word(brief(sub->about)));
    }
    for (const Argument* flag : flags_of(*command)) {
      const std::string takes =
          flag->value.empty() ? ""
          : flag->choices.empty()
              ? " -r"
              : fmt::format(" -x -a {}",
                            shell_word(fmt::format("{}", fmt::join(flag->choices, " "))));
      text += fmt::format("{} -l {}{} -d {}\n", begin, flag->name.substr(2), takes,
                          shell_word(brief(flag->help)));
    }
  }
  return text;
}

}  // namespace

std::string completion(const Command& program, std::string_view shell) {
  if (shell == "zsh") return zsh(program);
  if (shell == "fish") return fish(program);
  return bash(program);
}

}  // namespace lido::cli
