// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lido/base/result.h"
#include "lido/dataset/dataset.h"

namespace lido::dataset {

/// What an edit did.
struct EditSummary {
  int generation = 0;   ///< The new one; the old one when nothing changed.
  int64_t samples = 0;  ///< Changed, or taken out.
  int64_t shards = 0;   ///< Rewritten.
  int64_t shards_checked = 0;
};

/// Adds labels to a vocabulary ("behaviour=drowning,swimming"); empty text adds none.
Result<void> extend(Vocabulary& vocabulary, std::string_view classes);

/// Publishes a generation with new labels on the clips they name; shards stay as they are.
/// @return kInvalidArgument as apply_labels.
Result<EditSummary> relabel(const Dataset& dataset, const std::vector<Label>& labels,
                            std::string_view classes);

/// Takes all samples that overlap a stretch of a clip out of the dataset for good.
///
/// Shards that held them are rewritten without them, every other sample keeping its bytes; a record
/// is kept so that a later ingest does not bring them back; old generations, old shards and
/// unfinished work are removed. Then every shard is read through to prove that none is left. Killed
/// halfway, the same call finishes it.
///
/// @param end_s  Exclusive; infinity for the rest of the clip.
/// @return kNotFound when no clip has that name; kInvalidArgument when several have.
Result<EditSummary> forget(const Dataset& dataset, std::string_view clip, double start_s,
                           double end_s);

}  // namespace lido::dataset
