// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "lido/ingest/clip_db.h"
#include "lido/ingest/options.h"

namespace lido::ingest {

/// The expected result of a job, before any decoding. Where samples show people, or the rate is
/// automatic, their number depends on the footage: samples, shard_bytes and shards are then empty,
/// and frames and seconds are upper bounds.
struct Estimate {
  int64_t clips = 0;
  int64_t unreadable = 0;  ///< Clips without a readable header.
  int64_t spans = 0;
  double hours = 0;   ///< Footage.
  int64_t bytes = 0;  ///< Size of the readable clips.
  int64_t frames = 0;
  std::optional<int64_t> samples = 0;
  std::optional<double> shard_bytes = 0;
  std::optional<int64_t> shards = 0;
  double seconds = 0;  ///< Time on this machine.
};

/// Estimates the result of a job whose clips are planned.
/// @param has_labels  Samples may be cut along the boxes of labels.
Result<Estimate> estimate(ClipDb& clips, const part::SampleOptions& sampling,
                          const JobOptions& options, bool has_labels = false);

}  // namespace lido::ingest
