// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>

#include "lido/dataset/dataset.h"
#include "lido/ingest/book.h"

namespace lido::ingest {

/// What clips came to.
struct Added {
  int64_t frames = 0;
  int64_t samples = 0;
  int64_t left_over = 0;
  int64_t spans = 0;
  int64_t rejected = 0;
  double hours = 0;
  double skipped_hours = 0;
};

/// Adds the book's clips to the tables of a generation, and notes their samples in the book. What
/// is broken or was forgotten stays out.
/// @return kCorrupt when a part changed since it was made, kCancelled.
Result<Added> add_clips(const dataset::Dataset& dataset, Book& book, const SampleOptions& sampling,
                        const JobOptions& job, dataset::Tables& tables,
                        const std::stop_token& stop);

/// What was written.
struct Written {
  int64_t shards = 0;
  int64_t bytes = 0;
};

/// Joins the clips' samples into shards and adds them, labelled, to the manifest.
///
/// Shards are cut from the samples' measured sizes: about job.shard_mb each, within one split equal
/// to within one sample, their number a multiple of job.readers.
///
/// @return kCorrupt when a part changed since it was made, kCancelled.
Result<Written> write_shards(const dataset::Dataset& dataset, Book& book,
                             const SampleOptions& sampling, const JobOptions& job, int generation,
                             const dataset::Labeller& labeller,
                             dataset::TableWriter<dataset::SampleRow>& manifest,
                             const std::stop_token& stop);

}  // namespace lido::ingest
