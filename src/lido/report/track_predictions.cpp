// SPDX-License-Identifier: Apache-2.0
#include "lido/report/track_predictions.h"

#include <algorithm>
#include <cmath>

namespace lido::report {

void TrackPredictions::add(const dataset::PredictionRow& row) {
  Task& task = tracks_[row.track][row.task];
  task.classes = row.classes;
  task.windows.push_back(
      {std::llround(row.start_s * fps_), std::llround(row.end_s * fps_), row.probabilities});
}

std::map<std::string, Choice> TrackPredictions::at(int64_t track, int64_t k) const {
  std::map<std::string, Choice> choices;
  const auto found = tracks_.find(track);
  if (found == tracks_.end()) return choices;
  for (const auto& [name, task] : found->second) {
    std::vector<double> sum(task.classes.size());
    double count = 0;
    for (const Window& window : task.windows) {
      if (k < window.first_k || k > window.last_k) continue;
      for (size_t c = 0; c < sum.size(); ++c) sum[c] += window.probabilities[c];
      ++count;
    }
    if (count == 0) continue;
    const auto best = std::ranges::max_element(sum);
    choices[name] = {task.classes[static_cast<size_t>(best - sum.begin())], *best / count};
  }
  return choices;
}

}  // namespace lido::report
