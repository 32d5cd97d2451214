// SPDX-License-Identifier: Apache-2.0
#include "lido/media/times_between.h"

namespace lido::media {

std::vector<int64_t> times_between(int64_t before, int64_t after, int64_t count, Rational interval,
                                   Rational tick) {
  const bool rate_known = interval.num > 0 && tick.num > 0;
  // Ticks that `frames` frames take, rounded to the nearest; the numbers are non-negative.
  const auto ticks = [&](int64_t frames) {
    const Wide num = static_cast<Wide>(frames) * interval.num * tick.den;
    const Wide den = static_cast<Wide>(interval.den) * tick.num;
    return static_cast<int64_t>((2 * num + den) / (2 * den));
  };
  std::vector<int64_t> times;
  const bool enclosed = before != kNoPts && after != kNoPts;
  const bool paused = enclosed && rate_known && 2 * (after - before) > 5 * ticks(count + 1);
  if (!enclosed && !rate_known) return times;
  for (int64_t i = 1; i <= count; ++i) {
    if (enclosed && !paused)
      times.push_back(before +
                      static_cast<int64_t>(static_cast<Wide>(after - before) * i / (count + 1)));
    else if (before != kNoPts)
      times.push_back(before + ticks(i));
    else if (after != kNoPts)
      times.push_back(after - ticks(count + 1 - i));
    else
      times.push_back(ticks(i - 1));
  }
  return times;
}

}  // namespace lido::media
