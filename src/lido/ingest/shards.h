// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lido/dataset/labeller.h"
#include "lido/ingest/job_context.h"

namespace lido::ingest {

/// A sample, by its position among the samples of its clip.
struct SamplePlace {
  size_t clip = 0;
  size_t number = 0;
  bool operator==(const SamplePlace&) const = default;
};

/// Consecutive samples of one split that go into one file.
struct Shard {
  std::string name;  ///< Relative to the dataset.
  std::string_view split;
  SamplePlace first;
  SamplePlace end;  ///< Clip of the last sample, and one past the sample's position.
};

/// Divides the samples of one split into shards, in order of clips. A sample goes to the shard in
/// which its middle byte falls when the total is divided evenly.
/// @param generation  Number of the generation, for the shards' names.
/// @return About options.shard_mb per shard, and a multiple of options.readers shards, but no more
/// than there are samples.
Result<std::vector<Shard>> divide(ClipDb& clips, std::string_view split, const JobOptions& options,
                                  int generation);

/// Sums over the shards of a job.
struct ShardTotals {
  int64_t shards = 0;
  int64_t bytes = 0;  ///< Bytes of samples.
};

/// Joins the clips' samples into shards, and appends them with their labels to the manifest.
/// @return kCorrupt when a part changed since it was written, kCancelled.
Result<ShardTotals> write_shards(const JobContext& job, int generation,
                                 const dataset::Labeller& labeller,
                                 dataset::TableWriter<dataset::SampleRow>& manifest);

}  // namespace lido::ingest
