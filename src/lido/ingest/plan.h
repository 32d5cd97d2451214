// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "lido/base/result.h"
#include "lido/ingest/inputs.h"
#include "lido/ingest/options.h"
#include "lido/media/probe.h"

namespace lido::ingest {

/// The part of a clip that one worker reads in one go. Samples belong to the span they start in.
struct Span {
  std::optional<media::RandomAccess> from;  ///< Empty for the beginning of the clip.
  std::optional<int64_t> start_pts;  ///< PTS of sampling time 0; empty when only reading tells.
  int64_t first_k = 0;
  int64_t end_k = INT64_MAX;  ///< INT64_MAX for the end of the clip.
};

/// A clip and how it will be read.
struct ClipPlan {
  ClipInput input;
  media::ClipInfo info;
  std::vector<Span> spans;
  std::optional<Error> broken;  ///< It cannot be read at all.
};

/// Reads a clip's header, and divides the clip if it is long. Decodes nothing.
/// @return kUnavailable when storage fails; a broken clip is marked, not an error.
Result<ClipPlan> plan_clip(ClipInput input, const SampleOptions& sampling, double span_s);

/// What a plan expects to come out; bytes and time are estimates. Where samples are people, or the
/// rate is automatic, nobody knows beforehand how many there will be: samples and shards are then
/// empty, and frames and time the most there can be.
struct Estimate {
  int64_t clips = 0;
  int64_t broken = 0;
  int64_t spans = 0;
  double hours = 0;
  int64_t bytes = 0;
  int64_t frames = 0;
  std::optional<int64_t> samples = 0;
  std::optional<double> shard_bytes = 0;
  std::optional<int64_t> shards = 0;
  double seconds = 0;
};
Result<Estimate> estimate(Book& book, const SampleOptions& sampling, const JobOptions& job);

}  // namespace lido::ingest
