// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "lido/ingest/job_context.h"

namespace lido::ingest {

/// The manifest row of a sample, without its place in a shard and its labels. Pure.
dataset::SampleRow sample_row(const part::PartSample& sample, const ClipRecord& clip,
                              const part::SampleOptions& sampling);

/// Receives a sample of a part and its manifest row.
using OnSample =
    std::function<Result<void>(const part::PartSample& sample, dataset::SampleRow& row)>;

/// Calls on_sample for the samples of one part that go into shards: all but those of a rejected
/// clip, or in a gap or a forgotten stretch.
/// @param part  Name of the part.
/// @return The part's record; kCorrupt when the part changed since it was written.
Result<part::PartRecord> visit_part(const JobContext& job, const ClipRecord& clip,
                                    const std::string& part, const OnSample& on_sample);

}  // namespace lido::ingest
