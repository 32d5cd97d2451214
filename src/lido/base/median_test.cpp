// SPDX-License-Identifier: Apache-2.0
#include "lido/base/median.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace lido {
namespace {

TEST(Median, IsTheMiddleOfAnOddNumberInAnyOrder) {
  std::vector<int> values = {9, 1, 5, 3, 7};
  std::ranges::sort(values);
  do {
    ASSERT_EQ(median(values), 5);
  } while (std::ranges::next_permutation(values).found);
}

TEST(Median, IsTheUpperOneOfTwoInTheMiddle) {
  EXPECT_EQ(median(std::vector{4.0, 1.0, 3.0, 2.0}), 3.0);
  EXPECT_EQ(median(std::vector{2.0, 1.0}), 2.0);
}

TEST(Median, OfOneValueIsThatValue) { EXPECT_EQ(median(std::vector<int64_t>{-7}), -7); }

TEST(Median, ReordersOnlyWhatItWasGiven) {
  std::vector<uint8_t> values = {200, 9, 8, 7, 100};
  EXPECT_EQ(reorder_to_median(std::span(values).subspan(1, 3)), 8);
  EXPECT_EQ(values.front(), 200);
  EXPECT_EQ(values.back(), 100);
}

}  // namespace
}  // namespace lido
