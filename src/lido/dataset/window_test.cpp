// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/window.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace lido::dataset {
namespace {

/// Cuts the times in `frames`; a time is preceded by a cut when it is in `cuts`.
std::vector<int64_t> starts_of(const std::vector<int64_t>& frames, const std::set<int64_t>& cuts,
                               WindowOptions options, int64_t first_k, int64_t end_k,
                               std::vector<dataset::Run>* runs = nullptr) {
  WindowCutter<int64_t> cutter(options, first_k, end_k);
  std::vector<int64_t> starts;
  for (const int64_t k : frames) {
    const auto emitted =
        cutter.push(k, cuts.contains(k), k,
                    [&](int64_t start, const std::deque<int64_t>& items) -> Result<void> {
                      EXPECT_EQ(std::ssize(items), options.window);
                      for (int64_t i = 0; i < std::ssize(items); ++i)
                        EXPECT_EQ(items[static_cast<size_t>(i)], start + i);
                      starts.push_back(start);
                      return {};
                    });
    EXPECT_TRUE(emitted);
  }
  if (runs) *runs = cutter.runs();
  return starts;
}

TEST(WindowCutter, StartsAtMultiplesOfTheStride) {
  std::vector<int64_t> frames(10);
  std::ranges::generate(frames, [k = int64_t{0}]() mutable { return k++; });
  EXPECT_EQ(starts_of(frames, {}, {4, 2}, 0, 100), (std::vector<int64_t>{0, 2, 4, 6}));
  EXPECT_EQ(starts_of(frames, {}, {4, 2}, 3, 6), (std::vector<int64_t>{4}));
  EXPECT_EQ(starts_of(frames, {}, {1, 3}, 0, 100), (std::vector<int64_t>{0, 3, 6, 9}));
  EXPECT_EQ(starts_of(frames, {}, {11, 1}, 0, 100), (std::vector<int64_t>{}));
}

TEST(WindowCutter, CrossesNoCutAndNoGap) {
  const std::vector<int64_t> frames = {0, 1, 2, 3, 4, 5, 8, 9, 10, 11};
  EXPECT_EQ(starts_of(frames, {3}, {2, 1}, 0, 100), (std::vector<int64_t>{0, 1, 3, 4, 8, 9, 10}));
}

// Windows and what is left over, by the plain definition, for random cuts, gaps and spans.
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
    std::vector<int64_t> expected;
    std::set<int64_t> covered;
    for (int64_t start = 0; start < 60; start += options.stride) {
      bool whole = true;
      for (int64_t k = start; k < start + options.window; ++k)
        whole = whole && there.contains(k) && (k == start || !cuts.contains(k));
      if (!whole) continue;
      expected.push_back(start);
      for (int64_t k = start; k < start + options.window; ++k) covered.insert(k);
    }
    std::vector<dataset::Run> runs;
    EXPECT_EQ(starts_of(frames, cuts, options, 0, 60, &runs), expected);
    EXPECT_EQ(count_left_over(runs, expected, options.window),
              std::ssize(there) - std::ssize(covered));
    // Divided anywhere, the windows are the same.
    const auto middle = static_cast<int64_t>(random() % 60);
    auto divided = starts_of(frames, cuts, options, 0, middle);
    for (const int64_t start : starts_of(frames, cuts, options, middle, 60))
      divided.push_back(start);
    EXPECT_EQ(divided, expected);
  }
}

}  // namespace
}  // namespace lido::dataset
