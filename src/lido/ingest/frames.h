// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "lido/base/result.h"
#include "lido/ingest/options.h"
#include "lido/ingest/plan.h"

namespace lido::ingest {

/// Pictures of one clip, one after another, all of one size.
struct FrameBatch {
  int size = 0;                ///< Side of a picture.
  std::vector<int64_t> k;      ///< Number of the sampling time.
  std::vector<double> time_s;  ///< Since the clip's first picture.
  std::vector<uint8_t> rgb;    ///< Pictures x height x width x 3.
};

/// Decodes a span's pictures as samples hold them, before they are compressed; hands them on so
/// many at a time.
/// @param sink  An error stops the work and is returned.
/// @return What was wrong with the clip after the good pictures, empty for nothing; kUnavailable
/// (storage), kCancelled.
Result<std::string> decode_frames(const ClipPlan& clip, const Span& span,
                                  const SampleOptions& sampling, const JobOptions& job,
                                  size_t batch, const std::function<Result<void>(FrameBatch)>& sink,
                                  const std::stop_token& stop);

}  // namespace lido::ingest
