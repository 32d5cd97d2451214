// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/dataset/dataset.h"
#include "lido/ingest/part.h"

namespace lido::ingest {

/// One clip with what came of its spans.
struct ClipResult {
  const ClipPlan* plan = nullptr;
  std::string split;
  /// By span; behind them the one that follow_clip() made of its people, where these are wanted.
  std::vector<std::string> parts;
  /// Of each part, without its samples: the parts hold these, and there may be millions.
  std::vector<PartRecord> records;
};

/// Where the clip broke first; good up to there.
std::optional<PartBreak> earliest_break(const ClipResult& clip);

/// The samples of one clip that go into shards.
struct ClipSamples {
  std::vector<uint32_t> lengths;  ///< Bytes of each, in order of time.
  std::vector<uint32_t> in_span;  ///< How many of them each span has.
};

/// Adds the clips to `generation`. What is broken or was forgotten stays out.
/// @return By clip. kCorrupt when a part changed since it was made.
Result<std::vector<ClipSamples>> add_clips(const dataset::Dataset& dataset,
                                           const std::vector<ClipResult>& clips,
                                           const SampleOptions& sampling, const JobOptions& job,
                                           dataset::Generation& generation);

/// What was written.
struct Written {
  int64_t shards = 0;
  int64_t bytes = 0;
};

/// Joins the clips' samples into shards and adds them, labelled, to the manifest.
///
/// Shards are cut from the samples' measured sizes: about job.shard_mb each, within one split equal
/// to within one sample, their number a multiple of job.readers. Holds the rows of the shards that
/// are being written, no more.
///
/// @return kCorrupt when a part changed since it was made.
Result<Written> write_shards(const dataset::Dataset& dataset, const std::vector<ClipResult>& clips,
                             const std::vector<ClipSamples>& samples, const SampleOptions& sampling,
                             const JobOptions& job, int generation,
                             const dataset::Labeller& labeller,
                             dataset::TableWriter<dataset::SampleRow>& manifest);

}  // namespace lido::ingest
