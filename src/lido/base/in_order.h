// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>

#include "lido/base/result.h"

namespace lido {

/// Takes items when they are done, in any order and from any thread, and passes them on by their
/// number: 0, 1, 2 ... Thread-safe.
template <typename Item>
class InOrder {
 public:
  explicit InOrder(std::function<Result<void>(Item)> pass_on) : pass_on_(std::move(pass_on)) {}

  Result<void> take(size_t number, Item item) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(number, std::move(item));
    for (auto next = waiting_.find(next_); next != waiting_.end(); next = waiting_.find(++next_)) {
      LIDO_TRY(pass_on_(std::move(next->second)));
      waiting_.erase(next);
    }
    return {};
  }

 private:
  std::function<Result<void>(Item)> pass_on_;
  std::mutex mutex_;
  std::map<size_t, Item> waiting_;
  size_t next_ = 0;
};

}  // namespace lido
