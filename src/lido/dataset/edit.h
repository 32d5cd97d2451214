// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lido/base/result.h"
#include "lido/dataset/dataset.h"

namespace lido::dataset {

/// Result of an edit.
struct EditSummary {
  int generation = 0;          ///< New latest generation; the old one if nothing changed.
  int64_t samples = 0;         ///< Samples removed.
  int64_t shards = 0;          ///< Shards written again.
  int64_t shards_checked = 0;  ///< Shards read to prove that nothing removed is left.
};

/// Removes all samples that overlap a stretch of a clip, for good.
///
/// Shards with such samples are written again without them; all other samples keep their bytes. A
/// record in forgotten.json keeps later ingests from bringing the samples back. Old generations,
/// old shards and unfinished work are removed. Finally every shard is read to prove that nothing
/// removed is left. After a crash, the same call resumes.
///
/// @param clip     Full name of the clip, or its last parts.
/// @param start_s  Seconds after the clip's first frame, 0 or more.
/// @param end_s    Exclusive; infinity for the rest of the clip.
/// @return kNotFound when no clip has that name; kInvalidArgument when several clips have it.
Result<EditSummary> forget(const Dataset& dataset, std::string_view clip, double start_s,
                           double end_s);

}  // namespace lido::dataset
