// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace lido {

/// At most `most` of the items, evenly picked, in their order.
template <typename Item>
std::vector<Item> evenly(const std::vector<Item>& items, size_t most) {
  std::vector<Item> picked;
  const size_t count = std::min(most, items.size());
  picked.reserve(count);
  for (size_t i = 0; i < count; ++i) picked.push_back(items[i * items.size() / count]);
  return picked;
}

}  // namespace lido
