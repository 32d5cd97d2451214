// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lido/dataset/model_tables.h"

namespace lido::report {

/// The most probable class of a task.
struct Choice {
  std::string name;
  double probability = 0;
  bool operator==(const Choice&) const = default;
};

/// Predictions along the tracks of one clip. Windows overlap: the probabilities in a frame are
/// their mean over the windows that hold it.
class TrackPredictions {
 public:
  /// @param fps  Sampling times a second.
  explicit TrackPredictions(double fps) : fps_(fps) {}
  void add(const dataset::PredictionRow& row);
  /// Returns the most probable class of each task; empty when no window of the track holds the
  /// frame. @param k  Sampling index of the frame.
  std::map<std::string, Choice> at(int64_t track, int64_t k) const;
  /// Number of tracks that have a window.
  int64_t tracks() const { return std::ssize(tracks_); }

 private:
  struct Window {
    int64_t first_k, last_k;
    std::vector<double> probabilities;
  };
  struct Task {
    std::vector<std::string> classes;
    std::vector<Window> windows;
  };
  double fps_;
  std::map<int64_t, std::map<std::string, Task>> tracks_;
};

}  // namespace lido::report
