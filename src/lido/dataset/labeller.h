// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/rational.h"
#include "lido/base/result.h"
#include "lido/dataset/labels.h"
#include "lido/dataset/sample_tables.h"
#include "lido/dataset/vocabulary.h"

namespace lido::dataset {

/// Receives a clip's full name and its average frame rate; 0 if the rate is unknown.
using OnClipName = std::function<void(std::string_view clip, double source_fps)>;
/// Calls `on_clip` for every clip of a dataset.
using VisitClips = std::function<Result<void>(const OnClipName& on_clip)>;

/// Labels of clips that are not in the dataset, as in a labels file for a whole pool.
struct UnmatchedLabels {
  int64_t labels = 0;
  std::string first_clip;  ///< Clip of the first of them; empty if there are none.
};

/// Replaces the labels of samples by those of a labels file. Thread-safe once made.
class Labeller {
 public:
  /// Matches labels with clips: by the full name, or by its last parts if that is unambiguous.
  ///
  /// @param visit_clips  Memory stays bounded by the labels, however many clips there are.
  /// @param fps          Frame rate of the samples.
  /// @param vocabulary   As in check_vocabulary.
  /// @return kInvalidArgument for an unknown label, for a clip name that matches several clips, and
  /// when not one label matches a clip.
  static Result<Labeller> make(const std::vector<Label>& labels, const VisitClips& visit_clips,
                               const Rational& fps, Vocabulary& vocabulary);

  /// Replaces the sample's labels if the labels file names its clip. A sample gets the labels
  /// whose interval holds at least one of its frames. A person's sample gets labels with boxes only
  /// if the boxes match the track.
  /// @return Whether the sample's labels changed.
  bool apply(SampleRow& sample) const;

  /// Labels that were skipped, because their clip is not in the dataset.
  const UnmatchedLabels& unmatched() const { return unmatched_; }

 private:
  explicit Labeller(const Rational& fps) : fps_(fps) {}

  Rational fps_;
  std::map<std::string, std::vector<Label>> by_clip_;
  UnmatchedLabels unmatched_;
};

}  // namespace lido::dataset
