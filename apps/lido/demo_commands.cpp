// SPDX-License-Identifier: Apache-2.0
// The commands of the program that `./dev demo` builds: few, so that it is there in minutes.
#include "app.h"
#include "ingest.h"

namespace lido::cli {
namespace {

void add_few(CLI::App& app, int& exit, const std::vector<std::string>& from_files) {
  add_demo(app, exit);
  add_ingest(app, exit, from_files, nullptr);
  add_inspect(app, exit);
  add_models(app, exit);
}

}  // namespace

CommandSet commands() {
  return {.add = add_few,
          .others = "This program has the commands of ./dev demo; ./dev install builds all."};
}

}  // namespace lido::cli
