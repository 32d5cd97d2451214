// SPDX-License-Identifier: Apache-2.0
#include <clocale>

#include "cli.h"
#include "lido/storage/store.h"

namespace {

/// One name serves all: --shard_mb is --shard-mb.
std::vector<std::string> normalised(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  for (std::string& argument : arguments) {
    if (argument == "--") break;
    if (!argument.starts_with("--")) continue;
    const auto end = argument.begin() +
                     static_cast<std::ptrdiff_t>(std::min(argument.find('='), argument.size()));
    std::replace(argument.begin(), end, '_', '-');
  }
  std::ranges::reverse(arguments);  // CLI11 takes them last first
  return arguments;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Lido watches a swimming pool in 3D and calls for help when someone is in danger.\n"
      "This version prepares its training data: raw clips in, shards out.");
  app.name("lido");
  app.set_version_flag("--version", "lido " LIDO_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);
  app.footer(
      "Exit codes: 0 done; 1 failed, run it again; 2 wrong use, nothing was done; 3 done, some "
      "clips\n"
      "rejected; 4 all clips rejected; 130 interrupted. More: lido COMMAND --help, docs/cli.md");
  int exit = 0;
  lido::cli::add_ingest(app, exit);
  lido::cli::add_inspect(app, exit);
  lido::cli::add_label(app, exit);
  lido::cli::add_forget(app, exit);
  lido::cli::add_scene(app, exit);
  lido::cli::add_models(app, exit);
  lido::cli::add_cluster(app, exit);
  lido::cli::add_synth(app, exit);
  lido::cli::add_jobs(app, exit);
  try {
    app.parse(normalised(argc, argv));
  } catch (const CLI::Success& asked_for_help) {
    return app.exit(asked_for_help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "lido: {}\n", error.what());
    return lido::cli::kWrongUse;
  }
  lido::storage::shut_down();
  return exit;
}
