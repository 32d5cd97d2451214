// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/dataset.h"
#include "lido/dataset/labeller.h"

namespace lido::dataset {

/// A clip whose samples have labels, and would have none.
struct ClearedClip {
  std::string clip;     ///< Full name.
  int64_t samples = 0;  ///< Samples that would lose their labels.
};

/// Changes that labels make to the samples of a generation.
struct LabelChanges {
  int64_t samples = 0;               ///< Samples whose labels change.
  std::vector<ClearedClip> cleared;  ///< By name.
};

/// Applies labels to all samples of a generation, and stores nothing.
Result<LabelChanges> find_changes(const Dataset& dataset, int generation, const Labeller& labeller);

/// Checks that no clip loses all its labels. Labels in another unit, or of another clip, would
/// otherwise replace good ones by nothing.
/// @param advice  Next step for the user, for the message.
/// @return kInvalidArgument that names the clip and its first label.
Result<void> check_cleared(const LabelChanges& changes, const LabelOutcome& outcome,
                           std::string_view advice);

/// Writes the table of labels of the next generation: the labeller's for its clips, those of the
/// generation before for all others; without what was forgotten.
Result<void> write_label_rows(const Dataset& dataset, int before, const Labeller& labeller,
                              TableWriter<LabelRow>& to);

/// Seconds of labels, by "task: label".
using LabelSeconds = std::map<std::string, double>;

/// Returns the labelled seconds that a generation has on the labeller's clips, and that the
/// labeller has not: of the same task, label and track.
Result<LabelSeconds> replaced_seconds(const Dataset& dataset, int generation,
                                      const Labeller& labeller);
/// Returns "1.5 s of earlier labels were removed: behaviour: drowning 1.5 s"; empty for none.
/// Pure.
std::string replaced_text(const LabelSeconds& replaced);

/// Options of relabel().
struct RelabelOptions {
  std::string classes;     ///< Labels to add to the vocabulary: "behaviour=drowning", or "".
  bool may_clear = false;  ///< Takes the labels of a clip away where no new one is on a sample.
};

/// Result of new labels.
struct RelabelSummary {
  int generation = 0;        ///< New latest generation; the old one if nothing changed.
  int64_t samples = 0;       ///< Samples with other labels than before.
  bool new_classes = false;  ///< The vocabulary has grown.
  bool new_labels = false;   ///< The table of labels has other rows, whatever the samples have.
  LabelSeconds replaced;     ///< Labels before that the new ones replace.
  LabelOutcome labels;
};

/// Publishes a generation with new labels on the clips that `labels` names. Shards do not change,
/// and no generation is begun if nothing changes.
/// @return kInvalidArgument as Labeller::make, for labels by frame of a clip that cannot be read,
///         and for a clip that would lose all its labels; kNotFound when there are labels and none
///         is of a clip of the dataset.
Result<RelabelSummary> relabel(const Dataset& dataset, const std::vector<Label>& labels,
                               const RelabelOptions& options);

}  // namespace lido::dataset
