// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lido/media/extract.h"
#include "lido/part/part_context.h"
#include "lido/part/span_reach.h"
#include "lido/part/span_task.h"

namespace lido::part {

/// Sampling times without a frame, since the clip is broken there: first_k <= k < end_k.
struct Gap {
  int64_t first_k = 0;
  int64_t end_k = INT64_MAX;  ///< INT64_MAX for the end of the clip.
  std::string reason;         ///< Error that ended the reading before the gap.
  bool operator==(const Gap&) const = default;
};

/// Appends a gap. Joins it with the last one when they touch; the earlier reason stays.
void append_gap(std::vector<Gap>& gaps, Gap gap);

/// Result of reading a span.
struct SpanRead {
  media::ExtractReport report;  ///< Sums and last values over all extractions; `broke` is empty.
  std::vector<Gap> gaps;        ///< Ascending, up to reach.read_end_k(); empty for a good clip.
};

/// The request to media::extract() for the span's frames, up to reach.read_end_k().
media::ExtractRequest extract_request(const Span& span, const SpanReach& reach,
                                      const PartContext& context);

/// Extracts a span's frames as media::extract() does, and reads on after a break: from the broken
/// frame up to the next random access point that decodes cleanly, there is a gap. The first frame
/// after a gap has after_cut set.
///
/// A gap does not depend on where the span begins. Each group of pictures near a break is judged
/// by itself, from its own random access point. With an automatic rate, each segment is.
///
/// @param restart  As for media::extract(): the frames received so far are delivered again.
/// @return As media::extract(). A clip that breaks is not an error.
Result<SpanRead> read_span(storage::Reader& reader, const SpanTask& task, const SpanReach& reach,
                           const PartContext& context, const media::FrameSink& sink,
                           const std::function<void()>& restart);

}  // namespace lido::part
