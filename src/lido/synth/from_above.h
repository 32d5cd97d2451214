// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lido/base/result.h"

namespace lido::synth {

/// A stretch of a day that simulate_life() wrote.
struct Stretch {
  int32_t day = 0;
  double from_s = 0;  ///< Since midnight.
  double to_s = 0;
};

/// The first danger of what simulate_life() wrote, with a minute before and three after; else ten
/// minutes of the first day with somebody there.
Result<Stretch> worth_seeing(const std::string& folder);

/// A page that plays a stretch from above: the pool, who is where and does what, and dangers.
/// Needs nothing but a browser.
/// @return kNotFound where nothing was written.
Result<std::string> from_above(const std::string& folder, const Stretch& stretch);

}  // namespace lido::synth
