// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "lido/base/result.h"
#include "lido/media/probe.h"
#include "lido/part/options.h"
#include "lido/part/part_file.h"

namespace lido::ingest {

/// A clip and the spans it is read in.
struct ClipPlan {
  part::ClipInput input;
  media::ClipInfo info;           ///< Default values when the clip is unreadable.
  std::vector<part::Span> spans;  ///< By time; empty when the clip is unreadable.
  std::optional<part::Failure> unreadable;
};

/// Reads a clip's header, and divides a clip longer than span_s into spans. Decodes nothing.
/// @param span_s     Target length of a span, seconds.
/// @param heartbeat  Counts the progress, as PartContext::heartbeat; may be null.
/// @return kUnavailable when a bucket fails. An unreadable clip is not an error, and neither is a
/// file that its disk cannot read.
Result<ClipPlan> plan_clip(part::ClipInput input, const part::SampleOptions& sampling,
                           double span_s, std::atomic<int64_t>* heartbeat = nullptr);

}  // namespace lido::ingest
