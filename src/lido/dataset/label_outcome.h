// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lido::dataset {

/// Labels of clips that are not in the dataset, as in a labels file for a whole pool.
struct UnmatchedLabels {
  int64_t labels = 0;
  std::string first_clip;  ///< Clip of the first of them; empty if there are none.
};

/// A label that the samples do not show, or not to its end.
struct LostLabel {
  std::string clip;    ///< Full name.
  double start_s = 0;  ///< Seconds after the clip's first frame; a frame number if `in_frames`.
  double end_s = 0;    ///< As start_s.
  std::string task;
  std::string label;
  std::string place;       ///< Where the labels file has it.
  std::string reason;      ///< Why no sample has it, or when its clip ends.
  bool in_frames = false;  ///< The times of the clip's frames are unknown.
};

/// Returns "pool.mp4 1000 to 2000 s (behaviour: swimming, line 2; no sample is there)". Pure.
std::string to_string(const LostLabel& label);

/// Counts of the labels of a file: used, lost, without a clip.
struct LabelOutcome {
  int64_t labels = 0;  ///< All labels.
  UnmatchedLabels unmatched;
  int64_t on_no_sample = 0;       ///< Labels of clips of the dataset that are on no sample.
  double on_no_sample_s = 0;      ///< Their duration, seconds.
  int64_t beyond_end = 0;         ///< Labels that end over one second after their clip.
  std::vector<LostLabel> lost;    ///< The first 100 on no sample, in the order of the file.
  std::vector<LostLabel> beyond;  ///< The first 100 beyond the end.
  /// Duration of labels, seconds, for each "task: label" of matched clips that is on no sample.
  std::map<std::string, double> missing_s;

  /// Counts a label on no sample.
  void add_lost(LostLabel label);
  /// Counts a label beyond the end of its clip.
  void add_beyond(LostLabel label);
};

/// Returns the lines that a command prints: the labels without a clip, on no sample, beyond the
/// clip's end. Empty if there are none. Pure.
std::vector<std::string> warnings(const LabelOutcome& outcome);
/// Returns lost labels as JSON objects with the fields of LostLabel. Pure.
nlohmann::ordered_json lost_json(const std::vector<LostLabel>& labels);

}  // namespace lido::dataset
