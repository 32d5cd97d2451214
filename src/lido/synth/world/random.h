// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "lido/base/split_mix.h"

namespace lido::synth {

/// Random numbers that are equal on every run of one build on one kind of CPU.
///
/// SplitMix64, with distributions written here, since those of the standard library differ between
/// implementations. Not thread-safe; copies continue independently.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  /// An independent generator for one part of the work. Depends on the seed and `part`; draws of
  /// this generator after split() do not change it.
  Random split(uint64_t part) const {
    Random other(state_ ^ (part * 0xD1342543DE82EF95ULL + 0x632BE59BD9B4E019ULL));
    (void)other.next();
    return other;
  }

  /// 64 uniform bits.
  uint64_t next() { return split_mix64(state_); }
  /// Uniform in [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// Uniform in [min, max).
  double between(double min, double max) { return min + (max - min) * unit(); }
  /// True with a probability.
  bool chance(double probability) { return unit() < probability; }
  /// Uniform integer in [min, max].
  int64_t whole(int64_t min, int64_t max) {
    return min + static_cast<int64_t>(unit() * static_cast<double>(max - min + 1));
  }
  /// Standard normal.
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - unit()));
    return radius * std::cos(2 * M_PI * unit());
  }
  /// Exponential with a mean.
  double exponential(double mean) { return -mean * std::log(1 - unit()); }
  /// Index drawn by weight; the last index when all weights are 0.
  size_t pick(const std::vector<double>& weights) {
    double sum = 0;
    for (const double weight : weights) sum += weight;
    double at = unit() * sum;
    for (size_t i = 0; i + 1 < weights.size(); ++i) {
      if (at < weights[i]) return i;
      at -= weights[i];
    }
    return weights.size() - 1;
  }

 private:
  uint64_t state_;
};

/// Distribution of a positive quantity: log-normal about its median, clamped to [min, max]. Uniform
/// when a bound is 0 or the range is empty.
struct Quantity {
  double median = 0, min = 0, max = 0;

  double draw(Random& random) const {
    if (min <= 0 || max <= min || median <= 0) return random.between(min, max);
    // The nearer bound is two standard deviations from the median.
    const double spread = std::min(std::log(median / min), std::log(max / median)) / 2;
    constexpr double kMinSpread = 0.05;
    return std::clamp(median * std::exp(std::max(spread, kMinSpread) * random.normal()), min, max);
  }
};

}  // namespace lido::synth
