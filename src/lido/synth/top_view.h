// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/table.h"
#include "lido/dataset/truth_tables.h"

namespace lido::synth {

/// A part of a simulated day.
struct DayInterval {
  int32_t day = 0;
  double from_s = 0;  ///< Seconds since midnight.
  double to_s = 0;
};

/// A simulation that `lido synth` wrote: its number of days, and its dangers by day and time.
struct SimulationSummary {
  int32_t days = 0;
  std::vector<dataset::DangerRow> dangers;
};
/// @return kInvalidArgument when the folder holds no simulation, kUnavailable.
Result<SimulationSummary> summarise_simulation(const std::string& folder);

/// The interval that a page shows when none is asked for: the film, at most 10 minutes of it; else
/// the first danger with a minute before and three after; else ten minutes after the first visitor.
/// @return kInvalidArgument when the folder holds no simulation, kUnavailable.
Result<DayInterval> default_interval(const std::string& folder);

/// A page, and the interval that its frames fill: the one asked for, cut to where people are.
struct TopViewPage {
  std::string html;
  DayInterval shown;
};

/// Makes a page that plays an interval: the pool from above, the clips with boxes, the dangers.
/// Apart from the clips, the page needs no other file.
/// @return kInvalidArgument when the folder holds no simulation or not that day, kNotFound when
/// no person is present in the interval, kUnavailable.
Result<TopViewPage> top_view_page(const std::string& folder, const DayInterval& interval);

}  // namespace lido::synth
