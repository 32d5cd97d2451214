// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <iterator>
#include <span>
#include <vector>

namespace lido {

/// Returns the median and reorders the values. The median of an even number of values is the upper
/// one of the two in the middle, so that it is always one of them.
///
/// @param values  At least one; none is NaN.
template <class T>
T reorder_to_median(std::span<T> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, middle);
  return *middle;
}

/// Returns the median as reorder_to_median() does, and keeps the order of the values.
template <class T>
T median(std::vector<T> values) {
  return reorder_to_median(std::span(values));
}

}  // namespace lido
