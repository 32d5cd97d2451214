// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "lido/part/options.h"
#include "lido/part/span_task.h"
#include "lido/scene/observe.h"

namespace lido::part {

/// Sampling times up to which a span is read, and why. Ends are exclusive; INT64_MAX is the end of
/// the clip.
struct SpanReach {
  int64_t first_k = 0;        ///< The span's own first sampling time.
  int64_t own_end_k = 0;      ///< The span's own end. Samples that start later are not its own.
  int64_t window_end_k = 0;   ///< End of what the span's windows need: dataset::WindowCutter.
  scene::OwnedBlocks blocks;  ///< Blocks of the scene that the span is responsible for.
  /// Frames up to here are needed for the blocks; own_end_k with --scene off.
  int64_t scene_end_k = 0;

  /// End of what must be decoded for both samples and scene.
  int64_t read_end_k() const { return std::max(window_end_k, scene_end_k); }
};

/// The reach of a span. Pure.
SpanReach reach_of(const Span& span, const SampleOptions& sampling);

}  // namespace lido::part
