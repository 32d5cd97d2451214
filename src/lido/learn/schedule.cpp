// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/schedule.h"

#include <cmath>
#include <numbers>

namespace lido::learn {

double Schedule::rate(int64_t step) const {
  const double rise = warmup * static_cast<double>(steps);
  const auto at = static_cast<double>(step);
  if (at + 1 < rise) return highest * (at + 1) / rise;
  const double rest = static_cast<double>(steps) - rise;
  const double done = rest <= 0 ? 1 : (at - rise) / rest;
  return highest * 0.5 * (1 + std::cos(std::numbers::pi * std::fmin(std::fmax(done, 0), 1)));
}

}  // namespace lido::learn
