// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/window.h"

#include <gtest/gtest.h>

#include <iterator>
#include <numeric>
#include <random>
#include <set>

namespace lido::dataset {
namespace {

/// A window: its start, and how many of its frames repeat the last one.
using Found = std::pair<int64_t, int64_t>;

/// Cuts the times in `frames` that a span reads; a time is preceded by a cut when it is in `cuts`.
std::vector<Found> windows_of(const std::vector<int64_t>& frames, const std::set<int64_t>& cuts,
                              WindowOptions options, int64_t first_k, int64_t end_k,
                              std::vector<Run>* runs = nullptr) {
  const int64_t read_end_k = end_k + options.window + 1;
  WindowCutter<int64_t> cutter(options, first_k, end_k, read_end_k);
  std::vector<Found> found;
  const auto emit = [&](int64_t start, const std::deque<int64_t>& items,
                        int64_t repeated) -> Result<void> {
    EXPECT_EQ(std::ssize(items), options.window);
    const int64_t whole = options.window - repeated;
    for (int64_t i = 0; i < std::ssize(items); ++i)
      EXPECT_EQ(items[static_cast<size_t>(i)], start + std::min(i, whole - 1));
    found.emplace_back(start, repeated);
    return {};
  };
  for (const int64_t k : frames) {
    if (k < first_k || k >= read_end_k) continue;
    EXPECT_TRUE(cutter.push(k, cuts.contains(k), k, emit));
  }
  EXPECT_TRUE(cutter.finish(emit));
  if (runs) *runs = cutter.runs();
  std::ranges::sort(found);
  return found;
}

std::vector<int64_t> frames_to(int64_t end) {
  std::vector<int64_t> frames(static_cast<size_t>(end));
  std::iota(frames.begin(), frames.end(), int64_t{0});
  return frames;
}

using Windows = std::vector<Found>;

TEST(WindowCutter, StartsAtMultiplesOfTheStride) {
  EXPECT_EQ(windows_of(frames_to(10), {}, {4, 2}, 0, 100),
            (Windows{{0, 0}, {2, 0}, {4, 0}, {6, 0}}));
  EXPECT_EQ(windows_of(frames_to(10), {}, {4, 2}, 3, 6), (Windows{{4, 0}}));
  EXPECT_EQ(windows_of(frames_to(10), {}, {1, 3}, 0, 100),
            (Windows{{0, 0}, {3, 0}, {6, 0}, {9, 0}}));
}

TEST(WindowCutter, TheLastWindowOverlapsTheOneBefore) {
  EXPECT_EQ(windows_of(frames_to(11), {}, {4, 4}, 0, 100), (Windows{{0, 0}, {4, 0}, {7, 0}}));
  // A run from 5 on: its first window starts with it.
  std::vector<int64_t> frames = frames_to(15);
  frames.erase(frames.begin(), frames.begin() + 5);
  EXPECT_EQ(windows_of(frames, {}, {4, 4}, 0, 100), (Windows{{5, 0}, {8, 0}, {11, 0}}));
}

TEST(WindowCutter, AShortRunRepeatsItsLastFrame) {
  EXPECT_EQ(windows_of(frames_to(3), {}, {8, 4}, 0, 100), (Windows{{0, 5}}));
  EXPECT_EQ(windows_of(frames_to(10), {}, {11, 1}, 0, 100), (Windows{{0, 1}}));
  // With room between windows on purpose, the ends of runs are left out as well.
  EXPECT_EQ(windows_of(frames_to(3), {}, {4, 8}, 0, 100), Windows{});
}

TEST(WindowCutter, CrossesNoCutAndNoGap) {
  const std::vector<int64_t> frames = {0, 1, 2, 3, 4, 5, 8, 9, 10, 11};
  EXPECT_EQ(windows_of(frames, {3}, {2, 1}, 0, 100),
            (Windows{{0, 0}, {1, 0}, {3, 0}, {4, 0}, {8, 0}, {9, 0}, {10, 0}}));
}

/// Stretches that overlap, cross gaps between runs, or hold no frame, by the plain definition.
TEST(CountLeftOver, AgreesWithItsDefinition) {
  EXPECT_EQ(count_left_over({{0, 10}, {20, 30}}, {{0, 100}, {5, 8}}), 0);
  EXPECT_EQ(count_left_over({{0, 10}, {20, 30}}, {{8, 15}, {9, 22}}), 8 + 8);
  std::mt19937 random(5);
  for (int round = 0; round < 500; ++round) {
    std::vector<dataset::Run> runs, stretches;
    for (int64_t k = 0; k < 60;) {
      const auto begin = k + static_cast<int64_t>(random() % 6);
      k = begin + 1 + static_cast<int64_t>(random() % 9);
      runs.push_back({begin, k});
    }
    std::set<int64_t> covered;
    for (size_t i = random() % 8; i > 0; --i) {
      const auto begin = static_cast<int64_t>(random() % 60);
      stretches.push_back({begin, begin + static_cast<int64_t>(random() % 20)});
      for (int64_t k = begin; k < stretches.back().end; ++k) covered.insert(k);
    }
    std::ranges::sort(stretches, {}, &dataset::Run::begin);
    int64_t expected = 0;
    for (const dataset::Run& run : runs) {
      for (int64_t k = run.begin; k < run.end; ++k) expected += covered.contains(k) ? 0 : 1;
    }
    EXPECT_EQ(count_left_over(runs, stretches), expected) << "round " << round;
  }
}

/// Windows and what is left over, by the plain definition, for random cuts, gaps and spans.
TEST(WindowCutter, AgreesWithItsDefinition) {
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    const WindowOptions options{1 + static_cast<int>(random() % 6),
                                1 + static_cast<int>(random() % 6)};
    std::vector<int64_t> frames;
    std::set<int64_t> cuts;
    for (int64_t k = 0; k < 60; ++k) {
      if (random() % 12 == 0) continue;
      frames.push_back(k);
      if (random() % 12 == 0) cuts.insert(k);
    }
    const std::set<int64_t> there(frames.begin(), frames.end());
    std::set<Found> expected;
    std::set<int64_t> covered;
    const auto add = [&](int64_t start, int64_t length) {
      expected.insert({start, options.window - length});
      for (int64_t k = start; k < start + length; ++k) covered.insert(k);
    };
    const auto continues = [&](int64_t k) { return there.contains(k) && !cuts.contains(k); };
    for (const int64_t begin : frames) {
      if (begin > 0 && there.contains(begin - 1) && !cuts.contains(begin)) continue;
      int64_t end = begin + 1;
      while (continues(end)) ++end;
      for (int64_t start = begin; start + options.window <= end; ++start) {
        const bool is_edge = start == begin || start + options.window == end;
        if (start % options.stride == 0 || (is_edge && options.stride <= options.window))
          add(start, options.window);
      }
      if (end - begin < options.window && options.stride <= options.window) add(begin, end - begin);
    }
    std::vector<dataset::Run> runs;
    const Windows whole(expected.begin(), expected.end());
    EXPECT_EQ(windows_of(frames, cuts, options, 0, 60, &runs), whole);
    std::vector<dataset::Run> stretches;
    for (const Found& one : whole)
      stretches.push_back({one.first, one.first + options.window - one.second});
    const int64_t left_over = count_left_over(runs, stretches);
    EXPECT_EQ(left_over, std::ssize(there) - std::ssize(covered));
    if (options.stride <= options.window) {
      EXPECT_EQ(left_over, 0);
    }
    // Divided anywhere, the windows are the same.
    const auto middle = static_cast<int64_t>(random() % 60);
    Windows divided = windows_of(frames, cuts, options, 0, middle);
    std::ranges::copy(windows_of(frames, cuts, options, middle, 60), std::back_inserter(divided));
    std::ranges::sort(divided);
    EXPECT_EQ(divided, whole) << "divided at " << middle;
  }
}

}  // namespace
}  // namespace lido::dataset
