// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace lido::report {

/// An interval of a clip, seconds after the clip's first frame.
struct Interval {
  double start_s = 0;
  double end_s = 0;
};

/// Adds an interval to a list in order of time. Joins intervals that overlap or touch.
/// @param start_s  At or after the start of the last interval.
void extend(std::vector<Interval>& intervals, double start_s, double end_s);

/// Returns the total length of a list of intervals, seconds.
double total_s(const std::vector<Interval>& intervals);

}  // namespace lido::report
