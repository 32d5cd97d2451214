// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/dataset.h"

namespace lido::dataset {

/// A stretch of a label that is in no sample.
struct LostStretch {
  std::string clip;   ///< Absolute path or URI.
  std::string track;  ///< Labelled person; empty for a label of the whole frame.
  double start_s = 0;
  double end_s = 0;  ///< Exclusive.
  double seconds() const { return end_s - start_s; }
};

/// How much of one label's time the samples show.
struct LabelCoverage {
  std::string task, label;
  double labelled_s = 0;           ///< Labelled person-seconds, up to the clips' ends.
  double in_samples_s = 0;         ///< Labelled seconds with a sample that has the label.
  double in_person_samples_s = 0;  ///< Labelled seconds with such a sample of one person.
  int64_t samples = 0;             ///< Samples with the label.
  int64_t lost_stretches = 0;      ///< Stretches in no sample.
  std::vector<LostStretch> lost;   ///< The longest of them, at most kMaxLost, longest first.

  static constexpr size_t kMaxLost = 100;
  bool has_none() const { return labelled_s > 0 && in_samples_s <= 0; }
};

/// Whether a clip's labels count, by its full name.
using WantsClip = std::function<bool(const std::string& clip)>;

/// Compares the labels of a generation with its samples, by task and label. A second that several
/// people are labelled in counts for each.
/// @param wants_clip  Null for all clips.
/// @return One entry for each label, by task and name; empty for a generation without labels, also
///         for those of earlier versions.
Result<std::vector<LabelCoverage>> label_coverage(const Dataset& dataset, int generation,
                                                  const WantsClip& wants_clip = {});

/// Returns the lines of a table for a terminal: labelled seconds, seconds in samples, the longest
/// stretches that were lost. Empty for no labels. Pure.
std::vector<std::string> coverage_lines(const std::vector<LabelCoverage>& coverage);

/// As JSON, and back. Pure.
nlohmann::ordered_json coverage_json(const std::vector<LabelCoverage>& coverage);
std::vector<LabelCoverage> parse_coverage(const nlohmann::ordered_json& json);

/// Returns a label without the stretches that were removed for good; several pieces, or none. Pure.
std::vector<LabelRow> cut_forgotten(const LabelRow& label, const std::vector<Forgotten>& records);

}  // namespace lido::dataset
