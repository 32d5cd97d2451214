// SPDX-License-Identifier: Apache-2.0
#include "training_display.h"

#include <algorithm>

#include "cli.h"
#include "lido/base/json_text.h"
#include "lido/storage/store.h"

namespace lido::cli {

std::string training_line(const nlohmann::ordered_json& progress) {
  const auto steps = progress.value("steps", int64_t{0});
  const auto total = std::max<int64_t>(progress.value("steps_total", int64_t{0}), 1);
  std::string line = fmt::format(
      "{:3.0f}%  step {} of {}  epoch {}  loss {:.3f}",
      100 * static_cast<double>(steps) / static_cast<double>(total), human_count(steps),
      human_count(total), progress.value("epoch", int64_t{0}) + 1, progress.value("loss", 0.0));
  if (progress.contains("best_score"))
    line += fmt::format("  best score {:.3f}", progress.value("best_score", 0.0));
  if (progress.contains("eta_s")) line += "  ETA " + human_seconds(progress.value("eta_s", 0.0));
  return line;
}

void print_training_end(const nlohmann::ordered_json& summary, const std::string& out,
                        bool as_json) {
  if (as_json) {
    fmt::print("{}\n", json_text(summary));
    return;
  }
  fmt::print("{} in {}{}; best: epoch {}, mean macro-F1 {:.3f} on the split val\n",
             counted(summary.value("steps", int64_t{0}), "step"),
             counted(summary.value("epochs", int64_t{0}), "epoch"),
             summary.value("stopped_early", false) ? ", stopped early" : "",
             summary.value("best_epoch", int64_t{0}) + 1, summary.value("best_score", 0.0));
  print_written(summary.value("model", ""));
  print_page(storage::absolute(out) + "/report.html");
}

}  // namespace lido::cli
