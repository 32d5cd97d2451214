// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>
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
/// depend on how the clip was divided into spans. No window crosses a cut. Where windows overlap or
/// touch (stride <= window), every item is in a window: a run whose ends are in none has one more
/// at its beginning and at its end, and a run shorter than a window repeats its last item.
/// Not thread-safe.
///
/// `emit` receives (int64_t start_k, const std::deque<Item>& items, int64_t repeated): the items of
/// one window, of which the last `repeated` are copies.
template <typename Item>
class WindowCutter {
 public:
  /// @param first_k,end_k  The windows at multiples of the stride start at first_k <= k < end_k,
  ///                       those at a run's ends at first_k < k <= end_k, or at 0.
  /// @param read_end_k     End of the items where the clip continues: end_k + window + 1; or
  ///                       INT64_MAX for the clip's end.
  WindowCutter(const WindowOptions& options, int64_t first_k, int64_t end_k,
               int64_t read_end_k = INT64_MAX)
      : options_(options), first_k_(first_k), end_k_(end_k), read_end_k_(read_end_k) {}

  /// Adds the item at sampling index k, in ascending order. Calls emit for each window that the
  /// item completes, and for those at the end of a run before the item. @return The error of emit.
  template <typename Emit>
  Result<void> push(int64_t k, bool after_cut, Item item, const Emit& emit) {
    if (after_cut || items_.empty() || k != next_k_) {
      LIDO_TRY(end_run(emit));
      runs_.push_back({k, k});
    }
    next_k_ = k + 1;
    runs_.back().end = next_k_;
    items_.push_back(std::move(item));
    if (std::ssize(items_) > options_.window) items_.pop_front();
    if (std::ssize(items_) < options_.window) return {};
    const int64_t start = next_k_ - options_.window;
    const bool is_head = covers_all() && start == runs_.back().begin && owns_end(start);
    if (is_on_grid(start) ? owns(start) : is_head) return emit(start, items_, int64_t{0});
    return {};
  }

  /// Ends the last run, after the last item. @return The error of emit.
  template <typename Emit>
  Result<void> finish(const Emit& emit) {
    return next_k_ < read_end_k_ ? end_run(emit) : Result<void>();
  }

  /// Runs of the items so far.
  const std::vector<Run>& runs() const { return runs_; }

 private:
  bool covers_all() const { return options_.stride <= options_.window; }
  bool is_on_grid(int64_t start) const { return start % options_.stride == 0; }
  bool owns(int64_t start) const { return start >= first_k_ && start < end_k_; }
  /// Whether a window at an end of a run is the span's own. A span that begins in the middle of a
  /// run cannot see that, so windows at its border are those of the span before.
  bool owns_end(int64_t start) const {
    return (start > first_k_ && start <= end_k_) || (start == 0 && first_k_ == 0);
  }

  template <typename Emit>
  Result<void> end_run(const Emit& emit) {
    if (items_.empty()) return {};
    auto items = std::exchange(items_, {});
    if (!covers_all()) return {};
    const int64_t begin = runs_.back().begin;
    const int64_t missing = options_.window - (next_k_ - begin);
    if (missing > 0) {
      if (!owns_end(begin)) return {};
      for (int64_t i = 0; i < missing; ++i) items.push_back(items.back());
      return emit(begin, items, missing);
    }
    const int64_t start = next_k_ - options_.window;
    if (is_on_grid(start) || start == begin || !owns_end(start)) return {};
    return emit(start, items, int64_t{0});
  }

  WindowOptions options_;
  int64_t first_k_;
  int64_t end_k_;
  int64_t read_end_k_;
  int64_t next_k_ = 0;
  std::deque<Item> items_;
  std::vector<Run> runs_;
};

/// Counts the frames of the runs that are in no stretch.
/// @param stretches  Ascending by their begins; they may overlap. Pure.
inline int64_t count_left_over(const std::vector<Run>& runs, const std::vector<Run>& stretches) {
  int64_t left_over = 0;
  size_t at = 0;
  int64_t covered_to = INT64_MIN;
  for (const Run& run : runs) {
    left_over += run.end - run.begin;
    for (; at < stretches.size() && stretches[at].begin < run.end; ++at) {
      const int64_t begin = std::max({stretches[at].begin, run.begin, covered_to});
      const int64_t end = std::min(stretches[at].end, run.end);
      left_over -= std::max<int64_t>(0, end - begin);
      covered_to = std::max(covered_to, end);
      // A stretch that continues behind a gap covers frames of the next run too.
      if (stretches[at].end > run.end) break;
    }
  }
  return left_over;
}

}  // namespace lido::dataset
