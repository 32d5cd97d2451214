// SPDX-License-Identifier: Apache-2.0
#include "lido/report/intervals.h"

#include <gtest/gtest.h>

namespace lido::report {
namespace {

TEST(Intervals, JoinWhenTheyOverlapOrTouch) {
  std::vector<Interval> intervals;
  extend(intervals, 0, 2);
  extend(intervals, 1, 3);
  extend(intervals, 3, 4);
  ASSERT_EQ(intervals.size(), 1u);
  EXPECT_EQ(intervals[0].start_s, 0);
  EXPECT_EQ(intervals[0].end_s, 4);
}

TEST(Intervals, StayApartAcrossAGap) {
  std::vector<Interval> intervals;
  extend(intervals, 0, 1);
  extend(intervals, 1.25, 2);
  ASSERT_EQ(intervals.size(), 2u);
  EXPECT_DOUBLE_EQ(total_s(intervals), 1.75);
}

TEST(Intervals, KeepTheirEndWhenAShorterOneFollows) {
  std::vector<Interval> intervals;
  extend(intervals, 0, 10);
  extend(intervals, 2, 3);
  ASSERT_EQ(intervals.size(), 1u);
  EXPECT_EQ(intervals[0].end_s, 10);
}

TEST(Intervals, HaveNoLengthWhenThereAreNone) { EXPECT_EQ(total_s({}), 0); }

}  // namespace
}  // namespace lido::report
