// SPDX-License-Identifier: Apache-2.0
#include "lido/base/rational.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace lido {
namespace {

TEST(Rational, ReadsWhatPeopleWrite) {
  EXPECT_EQ(*parse_rational("4"), (Rational{4, 1}));
  EXPECT_EQ(*parse_rational("29.97"), (Rational{2997, 100}));
  EXPECT_EQ(*parse_rational("0.5"), (Rational{1, 2}));
  EXPECT_EQ(*parse_rational("30000/1001"), (Rational{30000, 1001}));
  EXPECT_EQ(*parse_rational("8/4"), (Rational{2, 1}));
}

TEST(Rational, RefusesTheRest) {
  for (const char* text : {"", "0", "-1", "1/0", "0/5", "1001", "nan", "inf", "4x", "1e3", "1/",
                           "/2", " 4", "99999999999999999999", "1/2/3", "."}) {
    const auto parsed = parse_rational(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument) << text;
  }
}

TEST(Rational, TextComesBack) {
  for (const char* text : {"4", "1/2", "30000/1001", "2997/100"}) {
    EXPECT_EQ(to_string(*parse_rational(text)), text);
  }
}

TEST(SampleRate, ReadsWhatPeopleWrite) {
  EXPECT_EQ(*parse_sample_rate("4"), (SampleRate{{4, 1}, false}));
  EXPECT_EQ(*parse_sample_rate("auto"), (SampleRate{{8, 1}, true}));
  EXPECT_EQ(*parse_sample_rate("auto:12.5"), (SampleRate{{25, 2}, true}));
  for (const char* text : {"4", "30000/1001", "auto:8", "auto:25/2"})
    EXPECT_EQ(to_string(*parse_sample_rate(text)), text);
  for (const char* text : {"", "auto:", "auto8", "auto:0", "auto:auto", "Auto", "auto: 8", ":8"}) {
    const auto refused = parse_sample_rate(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_NE(refused.error().message.find(fmt::format("\"{}\"", text)), std::string::npos);
  }
}

TEST(SampleGrid, AgreesWithItsDefinition) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 2000; ++round) {
    const Rational tick{1 + static_cast<int64_t>(random() % 1001),
                        1 + static_cast<int64_t>(random() % 90000)};
    const Rational fps{1 + static_cast<int64_t>(random() % 60),
                       1 + static_cast<int64_t>(random() % 3)};
    const auto start = static_cast<int64_t>(random() % 100000) - 50000;
    const SampleGrid grid(start, tick, fps);
    const auto k = static_cast<int64_t>(random() % 1000);
    const int64_t pts = grid.pts_at(k);
    EXPECT_NE(grid.compare(pts, k), std::strong_ordering::greater);
    EXPECT_EQ(grid.compare(pts + 1, k), std::strong_ordering::greater);
    const int64_t first = grid.first_at_or_after(pts);
    EXPECT_NE(grid.compare(pts, first), std::strong_ordering::greater);
    EXPECT_EQ(grid.compare(pts, first - 1), std::strong_ordering::greater);
    const int64_t after = grid.first_after(pts);
    const Wide tick_after = static_cast<Wide>(pts + 1 - start) * tick.num * fps.num;
    EXPECT_TRUE(static_cast<Wide>(after) * tick.den * fps.den >= tick_after);
    EXPECT_TRUE(static_cast<Wide>(after - 1) * tick.den * fps.den < tick_after);
  }
}

/// Timestamps of 3000 frames, as a muxer writes them.
/// @param first    Seconds.
/// @param nearest  Rounds to the nearest tick; otherwise cuts off.
std::vector<int64_t> muxed(Rational rate, Rational tick, Rational first, bool nearest) {
  std::vector<int64_t> pts;
  for (Wide n = 0; n < 3000; ++n) {
    const Wide num = (first.num * rate.num + n * rate.den * first.den) * tick.den;
    const Wide den = static_cast<Wide>(first.den) * rate.num * tick.num;
    pts.push_back(static_cast<int64_t>(nearest ? (2 * num + den) / (2 * den) : num / den));
  }
  return pts;
}

/// Expects that frame n * each is the one for sample n, and no other.
void expect_every(int64_t each, const std::vector<int64_t>& pts, Rational rate, Rational tick) {
  const SampleGrid grid(pts[0], tick, {rate.num, rate.den * each});
  for (size_t n = 0; n + 1 < pts.size(); n += static_cast<size_t>(each)) {
    const int64_t k = static_cast<int64_t>(n) / each;
    ASSERT_NE(grid.compare(pts[n], k), std::strong_ordering::greater) << n;
    ASSERT_EQ(grid.compare(pts[n + 1], k), std::strong_ordering::greater) << n;
    ASSERT_EQ(grid.first_at_or_after(pts[n]), k) << n;
    ASSERT_EQ(grid.first_after(pts[n]), k + 1) << n;
  }
}

TEST(SampleGrid, TakesEachFrameOnceFromAContainerThatRoundsTimestamps) {
  for (const Rational rate :
       {Rational{30, 1}, {60, 1}, {24, 1}, {30000, 1001}, {60000, 1001}, {24000, 1001}, {25, 1}}) {
    for (const Rational tick : {Rational{1, 1000}, {1, 600}, {1, 90000}, {1, 15360}}) {
      for (const Rational first : {Rational{0, 1}, {rate.den, rate.num}, {7, 5}, {2, 3}}) {
        for (const bool nearest : {true, false}) {
          SCOPED_TRACE(fmt::format("{} fps from {} s, ticks of {} s", to_string(rate),
                                   to_string(first), to_string(tick)));
          const auto pts = muxed(rate, tick, first, nearest);
          for (const int64_t each : {1, 2, 3}) expect_every(each, pts, rate, tick);
        }
      }
    }
  }
}

TEST(SampleGrid, RoundsUpOnlyWhereASampleFallsBetweenTicks) {
  // 90000 ticks a second divide by 4 and by 30000/1001, 1000 do not divide by 3.
  EXPECT_EQ(SampleGrid(10, {1, 90000}, {4, 1}).pts_at(3), 10 + 67500);
  EXPECT_EQ(SampleGrid(10, {1, 90000}, {30000, 1001}).pts_at(7), 10 + 7 * 3003);
  EXPECT_EQ(SampleGrid(10, {1, 1000}, {3, 1}).pts_at(1), 10 + 334);
  EXPECT_EQ(SampleGrid(10, {1, 1000}, {3, 1}).pts_at(2), 10 + 667);
  EXPECT_EQ(SampleGrid(10, {1, 1000}, {3, 1}).pts_at(3), 10 + 1000);
}

TEST(SampleGrid, HoldsAtTheEndsOfTime) {
  const SampleGrid grid(0, {1, 1'000'000'000}, {1000, 1});
  EXPECT_GT(grid.first_at_or_after(INT64_MAX - 1), 0);
  EXPECT_LT(grid.first_at_or_after(INT64_MIN + 1), 0);
  EXPECT_EQ(grid.compare(INT64_MAX, INT64_MAX - 1), std::strong_ordering::less);
}

}  // namespace
}  // namespace lido
