// SPDX-License-Identifier: Apache-2.0
#include "app.h"

#include "cli.h"
#include "completion.h"
#include "config_file.h"
#include "examples.h"
#include "man_page.h"
#include "parse_errors.h"
#include "spelling.h"
#include "usage.h"
#include "version.h"

namespace lido::cli {
namespace {

/// Help made of plain data, as completion and the man page are.
class HelpFormatter : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
    return help_text(describe(*app));
  }
};

std::string path_of(const CLI::App& app) {
  std::string path = app.get_name();
  for (const CLI::App* above = app.get_parent(); above != nullptr; above = above->get_parent())
    path = above->get_name() + " " + path;
  return path;
}

/// Choices in a type's name as CLI11's IsMember writes it: "TEXT:{a,b}".
std::vector<std::string> choices_in(const std::string& type) {
  const size_t begin = type.find('{'), end = type.rfind('}');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return {};
  return CLI::detail::split(type.substr(begin + 1, end - begin - 1), ',');
}

Argument argument_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const bool valued = option.get_items_expected_max() > 0;
  const std::string heading = option.get_positional() ? "arguments" : "flags";
  // CLI11's Range shows as "INT in [1 - 16]".
  std::string help = option.get_description();
  const size_t range = type.find(" in [");
  if (range != std::string::npos) {
    std::string bounds = type.substr(range + 5, type.rfind(']') - range - 5);
    if (const size_t dash = bounds.find(" - "); dash != std::string::npos)
      bounds.replace(dash, 3, " to ");
    help += fmt::format(" ({})", bounds);
  }
  return {.name = option.get_positional() ? option.get_name(true) : option.get_name(false, false),
          .value = valued ? type.substr(0, type.find(':')) : "",
          .choices = choices_in(type),
          .help = std::move(help),
          .fallback = valued ? option.get_default_str() : "",
          .group = option.get_group() == "Options" ? heading : option.get_group(),
          .required = option.get_required(),
          .repeated = option.get_items_expected_max() > 1};
}

/// Continues a message about a command that this program lacks.
std::string hint(std::string_view others) {
  return others.empty() ? "" : fmt::format(" {}", others);
}

void add_help(CLI::App& app, int& exit, std::string_view others) {
  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand("help", "Print a command's help, like COMMAND --help");
  command->add_option("command", *words, "Words of the command, like cluster price");
  command->callback([&app, words, &exit, others] {
    const Command program = describe(app);
    const Command* found = &program;
    for (const std::string& word : *words) {
      const Command* below = found->find(word);
      if (below == nullptr) {
        const auto message = misspelled(*found, std::span(&word, 1));
        exit = report_error(
            {ErrorCode::kInvalidArgument,
             message.value_or(fmt::format("{}: not a command of {}", word, found->path)) +
                 (found->path == program.path ? hint(others) : "")});
        return;
      }
      found = below;
    }
    fmt::print("{}", help_text(*found));
    exit = kDone;
  });
}

void add_completion(CLI::App& app, int& exit) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print completion for a shell");
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([&app, shell, &exit] {
    fmt::print("{}", completion(describe(app), *shell));
    exit = kDone;
  });
}

void add_man(CLI::App& app, int& exit) {
  CLI::App* command = app.add_subcommand("man", "Print the manual page");
  command->callback([&app, &exit] {
    fmt::print("{}", man_page(describe(app)));
    exit = kDone;
  });
}

/// Flags that had another name. The former name still works, but nothing lists it.
constexpr std::pair<std::string_view, std::string_view> kFormerFlags[] = {
    {"--faint-score", "--low-score"},
    {"--max-overlap", "--nms-iou"},
    {"--robust-px", "--loss-scale-px"},
    {"--confirm", "--min-hits"},
    {"--agility", "--accel-sigma-mps2"}};

/// One name serves all: --shard_mb is --shard-mb, -h is --help, and a former name is the present
/// one.
std::vector<std::string> normalised(std::vector<std::string> arguments) {
  for (std::string& argument : arguments) {
    if (argument == "--") break;
    if (argument == "-h") argument = "--help";
    if (!argument.starts_with("--")) continue;
    const auto end = argument.begin() +
                     static_cast<std::ptrdiff_t>(std::min(argument.find('='), argument.size()));
    std::replace(argument.begin(), end, '_', '-');
    for (const auto& [former, present] : kFormerFlags) {
      if (std::string_view(argument.begin(), end) != former) continue;
      argument.replace(0, former.size(), present);
      break;
    }
  }
  return arguments;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

/// Prints help for a bare `lido` and for a bare group of commands like `lido cluster`.
bool print_bare_help(const Command& program, const std::vector<std::string>& arguments) {
  const Command* command = &program;
  for (const std::string& word : arguments) {
    command = command->find(word);
    if (command == nullptr) return false;
  }
  if (command->commands.empty()) return false;
  fmt::print("{}", help_text(*command));
  return true;
}

/// The command that a command line named, as far as it was parsed.
Command called(const CLI::App& app) {
  const CLI::App* last = &app;
  while (!last->get_subcommands().empty()) last = last->get_subcommands().front();
  return describe(*last);
}

}  // namespace

Command describe(const CLI::App& app) {
  Command command{.path = path_of(app),
                  .about = app.get_description(),
                  .notes = app.get_footer(),
                  .hidden = app.get_parent() != nullptr && app.get_group().empty()};
  command.choices = choices_of(command.path);
  command.examples = examples_of(command.path);
  for (const bool positional : {true, false}) {
    for (const CLI::Option* option : app.get_options()) {
      if (option->get_positional() == positional && !option->get_group().empty())
        command.arguments.push_back(argument_of(*option));
    }
  }
  const auto all = [](const CLI::App*) { return true; };
  for (const CLI::App* sub : app.get_subcommands(all)) command.commands.push_back(describe(*sub));
  // The program's own help explains all codes; CLI11 hands its footer down.
  if (app.get_parent() != nullptr)
    command.notes = command.commands.empty() ? exit_codes_of(command.path) : "";
  return command;
}

std::unique_ptr<CLI::App> make_app(int& exit, const std::vector<std::string>& from_files,
                                   const CommandSet& set) {
  auto app = std::make_unique<CLI::App>(
      "Lido turns raw swimming-pool video into training data, simulates pools, finds people in "
      "metres from many cameras, and runs the Ray clusters that do such work at scale.");
  app->name("lido");
  app->set_help_flag("--help", "Print this help and exit; -h does so too");
  app->set_version_flag("--version", version(), "Print the version and its commit, and exit");
  app->require_subcommand(1);
  app->formatter(std::make_shared<HelpFormatter>());
  std::string codes = "Exit codes: ";
  for (const ExitCode& one : kExitCodes)
    codes += fmt::format("{}{} {}", one.code == 0 ? "" : "; ", one.code, one.meaning);
  app->footer(codes +
              ".\nFlags that are always given can be kept in a file lido.toml. "
              "More: lido help COMMAND, man lido." +
              hint(set.others));
  set.add(*app, exit, from_files);
  add_help(*app, exit, set.others);
  add_completion(*app, exit);
  add_man(*app, exit);
  return app;
}

int run(std::vector<std::string> arguments, const CommandSet& set) {
  int exit = kDone;
  std::vector<std::string> from_files;
  const auto app = make_app(exit, from_files, set);
  const Command program = describe(*app);
  arguments = normalised(std::move(arguments));
  if (print_bare_help(program, arguments)) return kDone;
  if (const auto message = misspelled(program, arguments)) {
    const bool lacks_command = program.find(arguments.front()) == nullptr;
    return report_error(
        {ErrorCode::kInvalidArgument, *message + (lacks_command ? hint(set.others) : "")});
  }
  const bool wants_help = is_one_of(arguments.front(), {"help", "man", "completion"}) ||
                          std::ranges::any_of(arguments, [](const std::string& argument) {
                            return is_one_of(argument, {"--help", "--version"});
                          });
  // Help works beside a lido.toml with mistakes.
  const auto configured = with_config_files(
      program, arguments, wants_help ? std::vector<ConfigFile>() : config_files());
  if (!configured) return report_error(configured.error());
  from_files = configured->from_files;
  try {
    std::vector<std::string> reversed = configured->arguments;
    std::ranges::reverse(reversed);  // CLI11 takes them last first
    app->parse(reversed);
  } catch (const CLI::Success& asked_for_help) {
    return app->exit(asked_for_help);
  } catch (const CLI::ParseError& error) {
    return report_error(
        {ErrorCode::kInvalidArgument, parse_error_text(error, called(*app), from_files)});
  } catch (const std::system_error& error) {  // {fmt} could not print
    return report_error({ErrorCode::kUnavailable, fmt::format("output: {}", error.what())});
  } catch (const std::exception& error) {
    return report_error({ErrorCode::kUnavailable,
                         fmt::format("unexpected error, a bug in lido: {}", error.what())});
  }
  return exit;
}

}  // namespace lido::cli
