// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/rhythm.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lido::synth {
namespace {

/// Mean and standard deviation.
struct Spread {
  double sum = 0, squares = 0;
  int count = 0;
  void add(double x) { sum += x, squares += x * x, ++count; }
  double mean() const { return sum / count; }
  double deviation() const { return std::sqrt(squares / count - mean() * mean()); }
};

const Variation kVariation{.pace_sigma = 0.25,
                           .pace_deviation = 0.15,
                           .pace_s = 3,
                           .sides_deviation = 0.08,
                           .size_sigma = 0.3,
                           .cycle_deviation = 0.15};

TEST(Rhythm, IsExactWithoutVariation) {
  Random random(1);
  Rhythm rhythm;
  rhythm.begin({}, random);
  const double begin = rhythm.periods();
  for (int i = 0; i < 300; ++i) rhythm.advance({}, 1.5, 2, 0.1, random);
  EXPECT_NEAR(rhythm.periods() - begin, 40, 1e-9);  // 30 s of 1.5 s, twice as fast
  EXPECT_EQ(rhythm.size(), 1);
  EXPECT_EQ(rhythm.sides_offset(), 0);
}

// A stationary process has its deviations as given, and the pace forgotten after its time constant.
TEST(Rhythm, VariesAsItsDeviationsSay) {
  Random random(2);
  Spread rates, sides, sizes;
  double products = 0;
  for (int person = 0; person < 400; ++person) {
    Rhythm rhythm;
    rhythm.begin(kVariation, random);
    double first = 0;
    for (int tick = 0; tick <= 300; ++tick) {
      const double before = rhythm.periods();
      rhythm.advance(kVariation, 1, 1, 0.1, random);
      const double rate = (rhythm.periods() - before) / 0.1;
      rates.add(rate), sides.add(rhythm.sides_offset()), sizes.add(rhythm.size());
      if (tick == 0) first = rate;
      if (tick == 30) products += (first - 1) * (rate - 1);  // 3 s later
    }
  }
  EXPECT_NEAR(rates.mean(), 1, 0.01);
  EXPECT_NEAR(rates.deviation(), 0.15, 0.01);
  EXPECT_NEAR(sides.deviation(), 0.08, 0.006);
  EXPECT_NEAR(sizes.mean(), 1, 0.01);
  // Smoothed between cycles, so less than their 0.15.
  EXPECT_GT(sizes.deviation(), 0.10);
  EXPECT_LT(sizes.deviation(), 0.16);
  // exp(-1) of the variance; four standard errors of 400 products.
  EXPECT_NEAR(products / 400 / (0.15 * 0.15), std::exp(-1), 0.25);
}

TEST(Style, IsLogNormal) {
  Random random(3);
  Spread pace, size;
  for (int person = 0; person < 20000; ++person) {
    const Style style = random_style(kVariation, random);
    pace.add(std::log(style.pace)), size.add(std::log(style.size));
  }
  EXPECT_NEAR(pace.mean(), 0, 0.01);
  EXPECT_NEAR(pace.deviation(), 0.25, 0.01);
  EXPECT_NEAR(size.deviation(), 0.30, 0.01);
}

TEST(SmoothNoise, HasUnitDeviationAndChangesSlowly) {
  Spread values, steps, far;
  for (uint64_t key = 0; key < 4000; ++key) {
    const double now = smooth_noise(9, key, 100, 2);
    values.add(now);
    steps.add(smooth_noise(9, key, 100.04, 2) - now);
    far.add(smooth_noise(9, key, 140, 2) - now);
    EXPECT_EQ(now, smooth_noise(9, key, 100, 2));
  }
  EXPECT_NEAR(values.mean(), 0, 0.07);
  EXPECT_NEAR(values.deviation(), 1, 0.04);
  EXPECT_LT(steps.deviation(), 0.06);  // a frame of 25 a second
  EXPECT_GT(far.deviation(), 1.1);     // sqrt(2), had it forgotten all
}

TEST(Variation, IsReadOrRefusedByLine) {
  const auto read = [](const std::string& text) {
    return Variation::read(*Yaml::parse(text, "v.yaml"));
  };
  const std::string good =
      "pace: {person: 0.25, time: 0.15, time_s: 3}\nsides: 0.08\n"
      "size: {person: 0.3, cycle: 0.15}\njoints: {person: 10, time: 5, time_s: 2}\ntilt: 4\n";
  ASSERT_TRUE(read(good)) << read(good).error().message;
  EXPECT_EQ(read(good)->joint_deg, 10);
  const auto bad = read(good + "colour: 3\n");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message.find("v.yaml:6: colour"), 0u) << bad.error().message;
}

}  // namespace
}  // namespace lido::synth
