// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace lido::ingest {

/// Counts what an ingest has done so far. Thread-safe.
struct Progress {
  std::atomic<int64_t> spans_total = 0;
  std::atomic<int64_t> spans_done = 0;
  std::atomic<int64_t> spans_resumed = 0;  ///< Of spans_done, found done by an earlier run.
  std::atomic<int64_t> frames = 0;         ///< Frames extracted.
  std::atomic<int64_t> source_bytes_total = 0;
  std::atomic<int64_t> source_bytes = 0;  ///< Of clips, by the share of their spans that is done.
  std::atomic<int64_t> rejected = 0;
  // CPU time of all workers, by stage.
  std::atomic<int64_t> work_us = 0;  ///< All of a span; what is not below is reading and decoding.
  std::atomic<int64_t> scene_us = 0;
  std::atomic<int64_t> transform_us = 0;
  std::atomic<int64_t> compress_us = 0;
  std::atomic<int64_t> write_us = 0;
};

}  // namespace lido::ingest
