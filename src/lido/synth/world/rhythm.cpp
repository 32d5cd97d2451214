// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/rhythm.h"

#include <algorithm>
#include <cmath>

namespace lido::synth {
namespace {

/// One step of noise that returns to 0: an Ornstein-Uhlenbeck process.
double drifted(double value, double deviation, double time_constant_s, double by_s,
               Random& random) {
  if (deviation <= 0) return 0;
  const double kept = std::exp(-by_s / time_constant_s);
  return kept * value + deviation * std::sqrt(1 - kept * kept) * random.normal();
}

double random_size(const Variation& variation, Random& random) {
  constexpr double kMinSize = 0.2;
  return std::max(kMinSize, 1 + variation.cycle_deviation * random.normal());
}

}  // namespace

Result<Variation> Variation::read(const Yaml& node) {
  Variation variation;
  if (!node.has_value()) return variation;
  LIDO_TRY(node.check_keys({"pace", "sides", "size", "joints", "tilt", "source"}));
  const Yaml pace = node["pace"], size = node["size"], joints = node["joints"];
  LIDO_TRY(pace.check_keys({"person", "time", "time_s"}));
  variation.pace_sigma = LIDO_TRY(pace["person"].number(0, 1));
  variation.pace_deviation = LIDO_TRY(pace["time"].number(0, 0.3));
  variation.pace_s = LIDO_TRY(pace["time_s"].number(0.1, 60));
  variation.sides_deviation = LIDO_TRY(node["sides"].number(0, 0.25));
  LIDO_TRY(size.check_keys({"person", "cycle"}));
  variation.size_sigma = LIDO_TRY(size["person"].number(0, 1));
  variation.cycle_deviation = LIDO_TRY(size["cycle"].number(0, 0.5));
  LIDO_TRY(joints.check_keys({"person", "time", "time_s"}));
  variation.joint_deg = LIDO_TRY(joints["person"].number(0, 30));
  variation.drift_deg = LIDO_TRY(joints["time"].number(0, 30));
  variation.drift_s = LIDO_TRY(joints["time_s"].number(0.1, 60));
  variation.tilt_deg = LIDO_TRY(node["tilt"].number(0, 30));
  return variation;
}

Style random_style(const Variation& variation, Random& random) {
  // The few beyond two and a half deviations would be faster than joints can be.
  const auto factor = [&](double sigma) {
    return std::exp(sigma * std::clamp(random.normal(), -2.5, 2.5));
  };
  return {.pace = factor(variation.pace_sigma), .size = factor(variation.size_sigma)};
}

void Rhythm::begin(const Variation& variation, Random& random) {
  periods_ = random.unit();
  rate_ = variation.pace_deviation * random.normal();
  sides_ = variation.sides_deviation * random.normal();
  size_ = random_size(variation, random);
  next_size_ = random_size(variation, random);
}

void Rhythm::advance(const Variation& variation, double period_s, double pace, double by_s,
                     Random& random) {
  constexpr double kMinRate = 0.3;
  rate_ = drifted(rate_, variation.pace_deviation, variation.pace_s, by_s, random);
  sides_ = drifted(sides_, variation.sides_deviation, variation.pace_s, by_s, random);
  const double by = std::max(kMinRate, 1 + rate_) * pace * by_s / period_s;
  if (std::floor(periods_ + by) > std::floor(periods_)) next_size_ = random_size(variation, random);
  periods_ += by;
  // Half of the way to the new cycle's size in a sixth of it.
  size_ += (next_size_ - size_) * (1 - std::exp2(-6 * by));
}

double hashed_normal(uint64_t seed, uint64_t key) { return Random(seed).split(key).normal(); }

double smooth_noise(uint64_t seed, uint64_t key, double time_s, double correlated_s) {
  // Waves whose rates follow a Cauchy distribution: noise with an exponential correlation.
  constexpr int kWaves = 3;
  constexpr double kMaxRate = 4;
  Random random = Random(seed).split(key ^ 0x5EEDULL << 32);
  double sum = 0;
  for (int i = 0; i < kWaves; ++i) {
    const double rate = std::min(kMaxRate, std::tan(M_PI / 2 * random.unit())) / correlated_s;
    sum += std::sin(rate * time_s + 2 * M_PI * random.unit());
  }
  return sum * std::sqrt(2.0 / kWaves);
}

}  // namespace lido::synth
