// SPDX-License-Identifier: Apache-2.0
#include "lido/model/track_predictions.h"

#include <algorithm>

namespace lido::model {

void TrackPredictions::add(const dataset::PredictionRow& row) {
  Task& task = tracks_[row.track][row.task];
  task.classes = row.classes;
  task.windows.push_back({row.start_s, row.end_s, row.probabilities});
}

std::map<std::string, Choice> TrackPredictions::at(int64_t track, double time_s) const {
  std::map<std::string, Choice> choices;
  const auto found = tracks_.find(track);
  if (found == tracks_.end()) return choices;
  for (const auto& [name, task] : found->second) {
    std::vector<double> sum(task.classes.size());
    double count = 0;
    for (const Window& window : task.windows) {
      if (time_s < window.start_s || time_s >= window.end_s) continue;
      for (size_t c = 0; c < sum.size(); ++c) sum[c] += window.probabilities[c];
      ++count;
    }
    if (count == 0) continue;
    const auto best = std::ranges::max_element(sum);
    choices[name] = {task.classes[static_cast<size_t>(best - sum.begin())], *best / count};
  }
  return choices;
}

}  // namespace lido::model
