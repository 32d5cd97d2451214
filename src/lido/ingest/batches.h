// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lido/ingest/clip_db.h"

namespace lido::ingest {

/// Spans that one worker reads in one go, listed in a file beside the dataset.
struct SpanBatch {
  std::string name;  ///< Name of that file.
  int64_t spans = 0;
  int64_t bytes = 0;  ///< Estimate of the bytes to read.
};

/// Writes batch files for all spans without a part, and removes earlier ones of the folder. Batches
/// take about equally long, a few for each worker. The largest spans come first, which balances the
/// end.
/// @param folder   Where the files go, relative to the dataset.
/// @param workers  Workers that will read the batches at the same time.
Result<std::vector<SpanBatch>> write_batches(ClipDb& clips, storage::Store& store,
                                             const std::string& folder, int workers);

/// A span of a batch.
struct BatchSpan {
  std::string clip;   ///< URI of the clip.
  int64_t span = 0;   ///< Position in the clip.
  int64_t bytes = 0;  ///< Estimate of the bytes to read.
  std::string task;   ///< part::SpanTask as text.
};

/// Reads a batch file.
/// @return kNotFound; kCorrupt with the line that does not parse.
Result<std::vector<BatchSpan>> read_batch(storage::Store& store, const std::string& name);

}  // namespace lido::ingest
