// SPDX-License-Identifier: Apache-2.0
#include "lido/base/reorder_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

namespace lido {
namespace {

TEST(ReorderBuffer, PassesItemsOnInOrderWhateverTheOrderOfPushing) {
  std::mt19937 random(9);
  for (int round = 0; round < 50; ++round) {
    std::vector<size_t> numbers(20);
    std::iota(numbers.begin(), numbers.end(), 0U);
    const std::vector<size_t> sorted = numbers;
    std::ranges::shuffle(numbers, random);
    std::vector<size_t> passed;
    ReorderBuffer<size_t> buffer([&](size_t item) -> Result<void> {
      passed.push_back(item);
      return {};
    });
    for (const size_t number : numbers) ASSERT_TRUE(buffer.push(number, number));
    EXPECT_EQ(passed, sorted);
  }
}

TEST(ReorderBuffer, HoldsItemsBehindAGap) {
  std::vector<int> passed;
  ReorderBuffer<int> buffer([&](int item) -> Result<void> {
    passed.push_back(item);
    return {};
  });
  ASSERT_TRUE(buffer.push(1, 11));
  ASSERT_TRUE(buffer.push(2, 12));
  EXPECT_TRUE(passed.empty());
  ASSERT_TRUE(buffer.push(0, 10));
  EXPECT_EQ(passed, (std::vector{10, 11, 12}));
}

TEST(ReorderBuffer, ReturnsTheErrorOfTheItemThatFails) {
  ReorderBuffer<int> buffer([](int item) -> Result<void> {
    if (item == 1) return fail(ErrorCode::kUnavailable, "disk full");
    return {};
  });
  ASSERT_TRUE(buffer.push(1, 1));
  const auto result = buffer.push(0, 0);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "disk full");
}

TEST(ReorderBuffer, PassesEachItemOnOnceFromManyThreads) {
  std::vector<size_t> passed;
  ReorderBuffer<size_t> buffer([&](size_t item) -> Result<void> {
    passed.push_back(item);
    return {};
  });
  {
    std::vector<std::jthread> threads;
    for (size_t t = 0; t < 4; ++t) {
      threads.emplace_back([&buffer, t] {
        for (size_t i = t; i < 1000; i += 4) EXPECT_TRUE(buffer.push(i, i));
      });
    }
  }
  std::vector<size_t> sorted(1000);
  std::iota(sorted.begin(), sorted.end(), 0U);
  EXPECT_EQ(passed, sorted);
}

}  // namespace
}  // namespace lido
