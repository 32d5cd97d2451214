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
  std::vector<std::string> parts;
  std::vector<PartRecord> records;
};

/// Joins the parts of all clips into shards and adds them to `generation`, whose number is set.
///
/// Shards are cut from the samples' measured sizes: about job.shard_mb each, within one split equal
/// to within one sample, their number a multiple of job.readers. What the dataset has forgotten
/// stays out.
Result<void> assemble(const dataset::Dataset& dataset, std::vector<ClipResult> clips,
                      const SampleOptions& sampling, const JobOptions& job,
                      dataset::Generation& generation);

}  // namespace lido::ingest
