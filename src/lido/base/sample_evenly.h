// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lido {

/// Returns at most `max_count` of the items, evenly spaced, in their order; all of them when there
/// are no more. Thread-safe.
template <typename Item>
std::vector<Item> sample_evenly(const std::vector<Item>& items, size_t max_count) {
  std::vector<Item> sampled;
  const size_t count = std::min(max_count, items.size());
  sampled.reserve(count);
  for (size_t i = 0; i < count; ++i) sampled.push_back(items[i * items.size() / count]);
  return sampled;
}

/// Makes the choice of sample_evenly() for a stream of items whose number is known. Not
/// thread-safe.
class EvenSampler {
 public:
  /// @param items      Number of items in the stream, >= 0.
  /// @param max_count  Maximum number of items to sample, >= 0.
  EvenSampler(int64_t items, int64_t max_count)
      : items_(items), count_(std::min(items, max_count)) {}
  /// Returns whether the next item of the stream is sampled.
  bool picks_next() {
    const bool picked = picked_ < count_ && next_++ == picked_ * items_ / count_;
    picked_ += picked ? 1 : 0;
    return picked;
  }

 private:
  int64_t items_, count_, next_ = 0, picked_ = 0;
};

}  // namespace lido
