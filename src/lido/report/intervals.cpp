// SPDX-License-Identifier: Apache-2.0
#include "lido/report/intervals.h"

#include <algorithm>

namespace lido::report {

void extend(std::vector<Interval>& intervals, double start_s, double end_s) {
  constexpr double kTouching_s = 1e-9;
  if (!intervals.empty() && start_s <= intervals.back().end_s + kTouching_s)
    intervals.back().end_s = std::max(intervals.back().end_s, end_s);
  else
    intervals.push_back({start_s, end_s});
}

double total_s(const std::vector<Interval>& intervals) {
  double sum = 0;
  for (const Interval& interval : intervals) sum += interval.end_s - interval.start_s;
  return sum;
}

}  // namespace lido::report
