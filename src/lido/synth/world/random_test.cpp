// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace lido::synth {
namespace {

constexpr int kDraws = 100000;

// First outputs of the reference implementation (Vigna 2015, splitmix64.c) for the seed 1234567.
TEST(Random, IsSplitMix64) {
  Random random(1234567);
  for (const uint64_t expected :
       {6457827717110365317ULL, 3203168211198807973ULL, 9817491932198370423ULL,
        4593380528125082431ULL, 16408922859458223821ULL})
    EXPECT_EQ(random.next(), expected);
}

TEST(Random, DrawsUniformNumbersFromZeroToOne) {
  Random random(1);
  double sum = 0, squares = 0, low = 1, high = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = random.unit();
    sum += u, squares += u * u, low = std::min(low, u), high = std::max(high, u);
  }
  EXPECT_NEAR(sum / kDraws, 1.0 / 2, 0.005);  // five standard errors
  EXPECT_NEAR(squares / kDraws, 1.0 / 3, 0.005);
  EXPECT_GE(low, 0);
  EXPECT_LT(high, 1);
}

TEST(Random, DrawsNormalNumbers) {
  Random random(2);
  double sum = 0, squares = 0;
  int within_one = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double n = random.normal();
    sum += n, squares += n * n, within_one += std::abs(n) < 1 ? 1 : 0;
  }
  EXPECT_NEAR(sum / kDraws, 0, 0.016);
  EXPECT_NEAR(squares / kDraws, 1, 0.023);
  EXPECT_NEAR(static_cast<double>(within_one) / kDraws, std::erf(1 / std::sqrt(2.0)), 0.0075);
}

TEST(Random, DrawsExponentialNumbersOfAMean) {
  Random random(3);
  double sum = 0;
  int above = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double e = random.exponential(4);
    ASSERT_GE(e, 0);
    sum += e, above += e > 4 ? 1 : 0;
  }
  EXPECT_NEAR(sum / kDraws, 4, 0.065);
  EXPECT_NEAR(static_cast<double>(above) / kDraws, std::exp(-1), 0.008);
}

TEST(Random, DrawsWholeNumbersWithBothEnds) {
  Random random(4);
  std::array<int, 6> counts{};
  for (int i = 0; i < 60000; ++i) ++counts[static_cast<size_t>(random.whole(10, 15) - 10)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 460);
}

TEST(Random, PicksByWeight) {
  Random random(5);
  std::array<int, 3> counts{};
  for (int i = 0; i < 60000; ++i) ++counts[random.pick({1, 0, 2})];
  EXPECT_NEAR(counts[0], 20000, 580);
  EXPECT_EQ(counts[1], 0);
  EXPECT_EQ(random.pick({0, 0, 0}), 2u);
}

TEST(Random, SplitsIntoStreamsThatDoNotDependOnEachOther) {
  const Random random(6);
  Random first = random.split(1), again = random.split(1), second = random.split(2);
  EXPECT_EQ(first.next(), again.next());
  EXPECT_NE(first.next(), second.next());
  // Correlation of two streams, to five standard errors.
  Random a = random.split(10), b = random.split(11);
  double products = 0;
  for (int i = 0; i < kDraws; ++i) products += (a.unit() - 0.5) * (b.unit() - 0.5);
  EXPECT_NEAR(12 * products / kDraws, 0, 0.016);
}

TEST(Quantity, StaysInItsRangeAboutItsMedian) {
  const Quantity quantity{.median = 35, .min = 20, .max = 60};
  Random random(7);
  int above = 0;
  for (int i = 0; i < 20000; ++i) {
    const double drawn = quantity.draw(random);
    ASSERT_GE(drawn, 20);
    ASSERT_LE(drawn, 60);
    above += drawn > 35 ? 1 : 0;
  }
  EXPECT_NEAR(above, 10000, 360);
}

TEST(Quantity, IsUniformWithoutALogarithm) {
  Random random(8);
  double sum = 0;
  for (int i = 0; i < 20000; ++i) sum += Quantity{.median = 1, .min = 0, .max = 10}.draw(random);
  EXPECT_NEAR(sum / 20000, 5, 0.11);
  EXPECT_EQ((Quantity{.median = 3, .min = 3, .max = 3}.draw(random)), 3);
}

}  // namespace
}  // namespace lido::synth
