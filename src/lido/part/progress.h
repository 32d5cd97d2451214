// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace lido::part {

/// Counters of an ingest in progress. Thread-safe.
struct Progress {
  std::atomic<int64_t> spans_total = 0;
  std::atomic<int64_t> spans_done = 0;
  std::atomic<int64_t> spans_resumed = 0;  ///< Spans of spans_done that an earlier run had read.
  std::atomic<int64_t> frames = 0;         ///< Frames extracted.
  std::atomic<int64_t> source_bytes_total = 0;
  std::atomic<int64_t> source_bytes = 0;  ///< Bytes of clips, each by its fraction of spans done.
  std::atomic<int64_t> rejected = 0;      ///< Clips that broke.
  // CPU time of all workers by stage, microseconds.
  std::atomic<int64_t> work_us = 0;       ///< All stages: the rest is reading and decoding.
  std::atomic<int64_t> scene_us = 0;      ///< Detection, camera motion, quality, cutouts.
  std::atomic<int64_t> transform_us = 0;  ///< Scaling, cropping and conversion to RGB.
  std::atomic<int64_t> compress_us = 0;   ///< JPEG compression.
  std::atomic<int64_t> write_us = 0;      ///< Writing samples.
};

}  // namespace lido::part
