// SPDX-License-Identifier: Apache-2.0
#include "lido/media/times_between.h"

#include <gtest/gtest.h>

namespace lido::media {
namespace {

using Times = std::vector<int64_t>;
constexpr Rational kMs{1, 1000};
constexpr Rational k25{1, 25};

TEST(TimesBetween, SpacesFramesEvenly) {
  EXPECT_EQ(times_between(100, 260, 3, k25, kMs), (Times{140, 180, 220}));
  EXPECT_EQ(times_between(0, 99, 2, {0, 1}, kMs), (Times{33, 66}));
}

TEST(TimesBetween, FollowsTheFrameBeforeAPause) {
  EXPECT_EQ(times_between(100, 9000, 2, k25, kMs), (Times{140, 180}));
}

TEST(TimesBetween, CountsFromTheOneFrameThatIsKnown) {
  EXPECT_EQ(times_between(3920, kNoPts, 2, k25, kMs), (Times{3960, 4000}));
  EXPECT_EQ(times_between(kNoPts, 120, 2, k25, kMs), (Times{40, 80}));
  EXPECT_EQ(times_between(kNoPts, kNoPts, 3, k25, kMs), (Times{0, 40, 80}));
}

TEST(TimesBetween, RoundsWithoutDrift) {
  const Times times = times_between(0, kNoPts, 24000, {1001, 24000}, {1, 90000});
  EXPECT_EQ(times[1], 7508);
  EXPECT_EQ(times.back(), 1001 * 90000);
}

TEST(TimesBetween, GivesNoneWithoutARate) {
  EXPECT_TRUE(times_between(100, kNoPts, 2, {0, 1}, kMs).empty());
}

}  // namespace
}  // namespace lido::media
