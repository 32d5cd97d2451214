// SPDX-License-Identifier: Apache-2.0
#include "lido/part/span_reach.h"

#include <algorithm>

namespace lido::part {
namespace {

int64_t window_end(const Span& span, const dataset::WindowOptions& windows) {
  if (span.end_k == INT64_MAX) return INT64_MAX;
  // A window at the end of a run may start at the border; the frame after it shows that it ends.
  if (windows.stride <= windows.window) return span.end_k + windows.window + 1;
  const int64_t last_start = (span.end_k - 1) / windows.stride * windows.stride;
  return std::max(span.end_k, last_start + windows.window);
}

}  // namespace

SpanReach reach_of(const Span& span, const SampleOptions& sampling) {
  SpanReach reach{.first_k = span.first_k,
                  .own_end_k = span.end_k,
                  .window_end_k = window_end(span, sampling.windows),
                  .blocks = scene::blocks_of_span(span.first_k, span.end_k),
                  .scene_end_k = span.end_k};
  // The frame after the last block shows how the camera moved during the block's last frame.
  if (sampling.scene == "on" && reach.blocks.end != INT64_MAX)
    reach.scene_end_k = std::max(reach.scene_end_k, reach.blocks.end + 1);
  return reach;
}

}  // namespace lido::part
