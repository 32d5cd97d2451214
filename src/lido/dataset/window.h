// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

#include "lido/base/options.h"

namespace lido::dataset {

/// Length and spacing of samples.
struct WindowOptions {
  int window = 16;
  int stride = 8;

  static void fields(auto& self, auto&& visit) {
    visit("window", self.window, Within{1, 1024},
          "Number of frames in a sample; more for slow behaviours");
    visit("stride", self.stride, Within{1, 1024},
          "Number of frames between the starts of two samples; less for more, overlapping samples");
  }
};

/// A run of sampling indices without a cut: begin <= k < end.
struct Run {
  int64_t begin = 0;
  int64_t end = 0;
  bool operator==(const Run&) const = default;
};

/// Cuts a stream of items (frames of a clip, crops along a track) into windows.
///
/// Windows start at multiples of the stride, counted from the clip's start, so that they do not
/// depend on how the clip was divided into spans. No window crosses a cut. Not thread-safe.
template <typename Item>
class WindowCutter {
 public:
  /// @param first_k,end_k  Windows start at first_k <= k < end_k.
  WindowCutter(const WindowOptions& options, int64_t first_k, int64_t end_k)
      : options_(options), first_k_(first_k), end_k_(end_k) {}

  /// Adds the item at sampling index k, in ascending order. Calls emit(start_k, items) for each
  /// window that the item completes. @return The error of emit.
  template <typename Emit>
  Result<void> push(int64_t k, bool after_cut, Item item, Emit emit) {
    if (after_cut || items_.empty() || k != next_k_) {
      items_.clear();
      runs_.push_back({k, k});
    }
    next_k_ = k + 1;
    runs_.back().end = next_k_;
    items_.push_back(std::move(item));
    if (std::ssize(items_) > options_.window) items_.pop_front();
    const int64_t start = next_k_ - options_.window;
    const bool wanted = start >= first_k_ && start < end_k_ && start % options_.stride == 0;
    if (std::ssize(items_) < options_.window || !wanted) return {};
    return emit(start, items_);
  }

  /// Runs of the items so far.
  const std::vector<Run>& runs() const { return runs_; }

 private:
  WindowOptions options_;
  int64_t first_k_;
  int64_t end_k_;
  int64_t next_k_ = 0;
  std::deque<Item> items_;
  std::vector<Run> runs_;
};

/// Counts the frames of the runs that are in no window. @param starts  Windows' starts, ascending.
/// Pure.
inline int64_t count_left_over(const std::vector<Run>& runs, const std::vector<int64_t>& starts,
                               int window) {
  int64_t left_over = 0;
  size_t at = 0;
  int64_t covered_to = INT64_MIN;
  for (const Run& run : runs) {
    left_over += run.end - run.begin;
    while (at < starts.size() && starts[at] < run.end) {
      const int64_t begin = std::max({starts[at], run.begin, covered_to});
      const int64_t end = std::min(starts[at] + window, run.end);
      left_over -= std::max<int64_t>(0, end - begin);
      covered_to = std::max(covered_to, end);
      ++at;
    }
  }
  return left_over;
}

}  // namespace lido::dataset
