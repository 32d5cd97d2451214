// SPDX-License-Identifier: Apache-2.0
#include "lido/base/rational.h"

#include <gtest/gtest.h>

#include <random>

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

// The definition, by searching: the first k with pts <= start + k / fps.
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
    EXPECT_EQ(grid.compare(pts, after), std::strong_ordering::less);
    EXPECT_NE(grid.compare(pts, after - 1), std::strong_ordering::less);
  }
}

TEST(SampleGrid, HoldsAtTheEndsOfTime) {
  const SampleGrid grid(0, {1, 1'000'000'000}, {1000, 1});
  EXPECT_GT(grid.first_at_or_after(INT64_MAX - 1), 0);
  EXPECT_LT(grid.first_at_or_after(INT64_MIN + 1), 0);
}

}  // namespace
}  // namespace lido
