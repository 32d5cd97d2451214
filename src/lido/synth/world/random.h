// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace lido::synth {

/// Random numbers that are the same on every run of one build on one kind of CPU: SplitMix64, and
/// distributions of our own. Source: Steele, Lea and Flood 2014, Fast splittable pseudorandom
/// number generators.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  /// One for a part of the work, whatever was drawn elsewhere.
  Random split(uint64_t part) const {
    Random other(state_ ^ (part * 0xD1342543DE82EF95ULL + 0x632BE59BD9B4E019ULL));
    (void)other.next();
    return other;
  }

  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  /// 0 to 1, without 1.
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  double between(double least, double most) { return least + (most - least) * unit(); }
  bool chance(double share) { return unit() < share; }
  int64_t whole(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(unit() * static_cast<double>(most - least + 1));
  }
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - unit()));
    return radius * std::cos(2 * M_PI * unit());
  }
  double exponential(double mean) { return -mean * std::log(1 - unit()); }
  /// An index, by weight; the last one where weights are all 0.
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

/// A positive quantity: log-normal about its median, cut off at both ends.
struct Quantity {
  double median = 0, least = 0, most = 0;

  double draw(Random& random) const {
    if (least <= 0 || most <= least || median <= 0) return random.between(least, most);
    // Two standard deviations to the nearer end.
    const double spread = std::min(std::log(median / least), std::log(most / median)) / 2;
    return std::clamp(median * std::exp(std::max(spread, 0.05) * random.normal()), least, most);
  }
};

}  // namespace lido::synth
