// SPDX-License-Identifier: Apache-2.0
#include "lido/loader/batch.h"

#include <algorithm>
#include <utility>

namespace lido::loader {

std::shared_ptr<uint8_t[]> BatchMemory::take(size_t bytes) {
  Block block;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(kept_, bytes, &Block::bytes);
    if (found != kept_.end()) {
      block = std::move(*found);
      kept_.erase(found);
    }
  }
  if (!block.memory) block = {std::make_unique_for_overwrite<uint8_t[]>(bytes), bytes};
  const auto give_back = [owner = shared_from_this(), bytes](uint8_t* memory) {
    Block returned{std::unique_ptr<uint8_t[]>(memory), bytes};
    const std::lock_guard lock(owner->mutex_);
    // The oldest block goes: blocks of a size that is no longer used must not fill the list.
    if (owner->kept_.size() == kMaxKept) owner->kept_.erase(owner->kept_.begin());
    owner->kept_.push_back(std::move(returned));
  };
  return {block.memory.release(), give_back};
}

std::vector<int64_t> targets(const std::vector<dataset::SampleRow>& rows, std::string_view task,
                             const std::vector<std::string>& classes) {
  std::vector<int64_t> found;
  found.reserve(rows.size());
  for (const dataset::SampleRow& row : rows) {
    int64_t best = -1;
    double overlap = 0;
    for (const dataset::SampleLabel& label : row.labels) {
      const auto at = std::ranges::find(classes, label.label);
      if (label.task != task || at == classes.end()) continue;
      const int64_t number = at - classes.begin();
      const bool better = label.overlap > overlap || (label.overlap == overlap && number < best);
      if (best >= 0 && !better) continue;
      best = number;
      overlap = label.overlap;
    }
    found.push_back(best);
  }
  return found;
}

}  // namespace lido::loader
