// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lido/dataset/model_tables.h"

namespace lido::model {

/// The most probable class of a task.
struct Choice {
  std::string name;
  double probability = 0;
  bool operator==(const Choice&) const = default;
};

/// Predictions along the tracks of one clip. Windows overlap: the probabilities at a time are their
/// mean over the windows that cover it.
class TrackPredictions {
 public:
  void add(const dataset::PredictionRow& row);
  /// Returns the most probable class of each task; empty when no window of the track covers the
  /// time. @param time_s  Seconds after the clip's first frame.
  std::map<std::string, Choice> at(int64_t track, double time_s) const;
  /// Number of tracks that have a window.
  int64_t tracks() const { return std::ssize(tracks_); }

 private:
  struct Window {
    double start_s, end_s;
    std::vector<double> probabilities;
  };
  struct Task {
    std::vector<std::string> classes;
    std::vector<Window> windows;
  };
  std::map<int64_t, std::map<std::string, Task>> tracks_;
};

}  // namespace lido::model
