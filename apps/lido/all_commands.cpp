// SPDX-License-Identifier: Apache-2.0
#include "app.h"
#include "cli.h"
#include "ingest.h"
#include "on_cluster.h"

namespace lido::cli {
namespace {

/// Adds the commands in the order of the help.
void add_all(CLI::App& app, int& exit, const std::vector<std::string>& from_files) {
  add_demo(app, exit);
  add_ingest(app, exit, from_files, connect_job);
  add_inspect(app, exit);
  add_label(app, exit);
  add_forget(app, exit);
  add_export(app, exit);
  add_copy(app, exit);
  add_move(app, exit);
  add_scene(app, exit);
  add_train(app, exit);
  add_tune(app, exit);
  add_eval(app, exit);
  add_predict(app, exit);
  add_models(app, exit);
  add_cluster(app, exit);
  add_synth(app, exit);
  add_site(app, exit);
  add_calibrate(app, exit);
  add_sync(app, exit);
  add_reconstruct(app, exit);
  add_jobs(app, exit);
  add_docs(app, exit);
}

}  // namespace

CommandSet commands() { return {.add = add_all, .others = {}}; }

}  // namespace lido::cli
