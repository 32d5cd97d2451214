// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/media/extract.h"
#include "lido/part/part_context.h"
#include "lido/part/part_file.h"
#include "lido/part/span_reach.h"

namespace lido::part {

/// The request to media::extract() for the span's frames, up to reach.read_end_k().
media::ExtractRequest extract_request(const Span& span, const SpanReach& reach,
                                      const PartContext& context);

/// Reads one span of a clip and publishes its part, and its scene file when there is a detector.
/// A broken clip is not an error: the record holds the reason. Retries when storage fails.
/// @return kUnavailable when storage keeps failing, kCancelled.
Result<PartRecord> make_part(const SpanTask& task, const PartContext& context);

}  // namespace lido::part
