// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lido {

/// At most `most` of the items, evenly picked, in their order.
template <typename Item>
std::vector<Item> sample_evenly(const std::vector<Item>& items, size_t most) {
  std::vector<Item> picked;
  const size_t count = std::min(most, items.size());
  picked.reserve(count);
  for (size_t i = 0; i < count; ++i) picked.push_back(items[i * items.size() / count]);
  return picked;
}

/// Says of items, one after another, whether sample_evenly() would pick them.
class EvenSampler {
 public:
  EvenSampler(int64_t items, int64_t most) : items_(items), count_(std::min(items, most)) {}
  bool picks_next() {
    const bool picked = picked_ < count_ && next_++ == picked_ * items_ / count_;
    picked_ += picked ? 1 : 0;
    return picked;
  }

 private:
  int64_t items_, count_, next_ = 0, picked_ = 0;
};

}  // namespace lido
