// SPDX-License-Identifier: Apache-2.0
#include "lido/base/sample_evenly.h"

#include <gtest/gtest.h>

#include <numeric>

namespace lido {
namespace {

std::vector<int> counted(int count) {
  std::vector<int> items(static_cast<size_t>(count));
  std::iota(items.begin(), items.end(), 0);
  return items;
}

TEST(SampleEvenly, SpacesItemsAtMostOneApart) {
  EXPECT_EQ(sample_evenly(counted(10), 5), (std::vector{0, 2, 4, 6, 8}));
  for (int items = 1; items < 60; ++items) {
    for (int max_count = 1; max_count <= items; ++max_count) {
      const auto sampled = sample_evenly(counted(items), static_cast<size_t>(max_count));
      ASSERT_EQ(std::ssize(sampled), max_count);
      EXPECT_EQ(sampled.front(), 0);
      for (size_t i = 1; i < sampled.size(); ++i) {
        const int step = sampled[i] - sampled[i - 1];
        EXPECT_TRUE(step == items / max_count || step == (items + max_count - 1) / max_count);
      }
    }
  }
}

TEST(SampleEvenly, KeepsEverythingWhenThereIsLittle) {
  EXPECT_EQ(sample_evenly(counted(3), 7), counted(3));
  EXPECT_TRUE(sample_evenly(counted(3), 0).empty());
  EXPECT_TRUE(sample_evenly(counted(0), 7).empty());
}

TEST(EvenSampler, ChoosesAsSampleEvenlyDoes) {
  for (int items = 0; items < 40; ++items) {
    for (int max_count = 0; max_count < 45; ++max_count) {
      EvenSampler sampler(items, max_count);
      std::vector<int> picked;
      for (int item = 0; item < items; ++item) {
        if (sampler.picks_next()) picked.push_back(item);
      }
      EXPECT_EQ(picked, sample_evenly(counted(items), static_cast<size_t>(max_count)))
          << max_count << " of " << items;
    }
  }
}

}  // namespace
}  // namespace lido
