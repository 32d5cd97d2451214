// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "lido/base/result.h"

namespace lido {

/// Runs work(i) for 0 <= i < count on several threads, in about ascending order. Blocks until all
/// threads are done. Items not yet begun are dropped after the first error.
/// @param workers  Threads, the calling one included; 0: one per core.
/// @param work     Called as Result<void>(size_t), by several threads at a time.
/// @return The first error of `work`; kCancelled after a stop request.
template <typename Work>
Result<void> parallel_for(size_t count, int workers, const std::stop_token& stop, Work work) {
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  const size_t threads = std::min(count, workers > 0 ? static_cast<size_t>(workers) : cores);
  std::atomic<size_t> next = 0;
  std::atomic<bool> stopped = false;
  std::mutex mutex;
  std::optional<Error> first_error;
  const auto loop = [&] {
    for (size_t i; !stopped && (i = next++) < count;) {
      const Result<void> result =
          stop.stop_requested() ? fail(ErrorCode::kCancelled, "stopped") : work(i);
      if (result) continue;
      const std::lock_guard lock(mutex);
      if (!first_error) first_error = result.error();
      stopped = true;
    }
  };
  {
    std::vector<std::jthread> pool;
    for (size_t i = 1; i < threads; ++i) pool.emplace_back(loop);
    loop();
  }
  if (first_error) return std::unexpected(*first_error);
  return {};
}

}  // namespace lido
