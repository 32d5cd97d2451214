// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace lido::learn {

/// Learning rates of a run: a linear rise, then a cosine to 0.
/// Source: Loshchilov and Hutter, SGDR, ICLR 2017; Goyal et al., arXiv 1706.02677 for the rise.
struct Schedule {
  double highest = 0;
  int64_t steps = 1;  ///< Steps of the whole run, 1 or more.
  double warmup = 0;  ///< Share of the steps in which the rate rises.

  /// Rate of a step. @param step  From 0. Pure.
  double rate(int64_t step) const;
};

}  // namespace lido::learn
