// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>

#include "lido/base/result.h"

namespace lido {

/// Passes items on by their number (0, 1, 2 ...), whatever the order in which they are pushed.
/// Thread-safe.
template <typename Item>
class ReorderBuffer {
 public:
  /// @param on_item  Called once per item in ascending order, by one thread at a time. It must not
  ///                 push.
  explicit ReorderBuffer(std::function<Result<void>(Item)> on_item)
      : on_item_(std::move(on_item)) {}

  /// Holds the item until all lower numbers are pushed, then passes it on, and every item held that
  /// follows without a gap.
  /// @param number  Each number is pushed once.
  /// @return The first error of on_item.
  Result<void> push(size_t number, Item item) {
    const std::lock_guard lock(mutex_);
    held_.emplace(number, std::move(item));
    for (auto next = held_.find(next_); next != held_.end(); next = held_.find(++next_)) {
      LIDO_TRY(on_item_(std::move(next->second)));
      held_.erase(next);
    }
    return {};
  }

 private:
  std::function<Result<void>(Item)> on_item_;
  std::mutex mutex_;
  std::map<size_t, Item> held_;
  size_t next_ = 0;
};

}  // namespace lido
