// SPDX-License-Identifier: Apache-2.0
#include "run_list.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "text.h"

namespace lido::cli {

std::string run_line(const dataset::TrainingRun& run) {
  if (run.folder.empty())
    return fmt::format("{} (its file in {} is gone or damaged)", run.id, dataset::kRunsFolder);
  std::string line = fmt::format("{}: {} of {}, generation {}, begun {}; ", run.folder, run.network,
                                 fmt::join(run.tasks, ", "), run.generation, run.begun_utc);
  if (run.models.empty()) return line + "no model yet";
  if (run.models.size() > 1) line += fmt::format("{} models, the latest ", run.models.size());
  return line + fmt::format("model.onnx with SHA-256 {}", run.models.back());
}

nlohmann::ordered_json runs_json(const std::vector<dataset::TrainingRun>& runs) {
  auto json = nlohmann::ordered_json::array();
  for (const dataset::TrainingRun& run : runs) {
    json.push_back({{"id", run.id},
                    {"folder", run.folder},
                    {"network", run.network},
                    {"tasks", run.tasks},
                    {"generation", run.generation},
                    {"begun_utc", run.begun_utc},
                    {"models", run.models}});
  }
  return json;
}

std::vector<dataset::TrainingRun> runs_of(const std::vector<std::string>& ids,
                                          const std::vector<dataset::TrainingRun>& runs) {
  std::vector<dataset::TrainingRun> found;
  for (const std::string& id : ids) {
    const auto run = std::ranges::find(runs, id, &dataset::TrainingRun::id);
    if (run != runs.end())
      found.push_back(*run);
    else
      found.push_back({.id = id});
  }
  return found;
}

}  // namespace lido::cli
