// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "lido/base/result.h"
#include "lido/media/probe.h"
#include "lido/part/options.h"
#include "lido/part/span_task.h"

namespace lido::ingest {

/// A clip and the spans it is read in.
struct ClipPlan {
  part::ClipInput input;
  media::ClipInfo info;           ///< Default values when the clip is unreadable.
  std::vector<part::Span> spans;  ///< By time; empty when the clip is unreadable.
  std::optional<Error> unreadable;
};

/// Reads a clip's header, and divides a clip longer than span_s into spans. Decodes nothing.
/// @param span_s  Target length of a span, seconds.
/// @return kUnavailable when storage fails. An unreadable clip is not an error.
Result<ClipPlan> plan_clip(part::ClipInput input, const part::SampleOptions& sampling,
                           double span_s);

}  // namespace lido::ingest
