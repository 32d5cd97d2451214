// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lido/base/result.h"

namespace lido::dataset {

/// A stretch of time in a clip.
struct TimeRange {
  double start_s = 0;  ///< Seconds after the clip's first frame.
  double end_s = 0;    ///< Exclusive; infinity for the clip's end.
};

/// Parses a stretch as people write it: "START-END" with times such as 12.5, 1:02.5 or 1:00:00;
/// "START-" for the rest of the clip; or "all". Pure.
/// @return kInvalidArgument for any other text.
Result<TimeRange> parse_time_range(std::string_view text);

/// Returns when a clip's last frame ends, seconds after the first frame. Pure.
/// @param duration_s,source_fps  As the table of clips has them: the time of the last frame, and
/// frames a second or 0.
double clip_end_s(double duration_s, double source_fps);

/// Formats a time in a clip to thousandths of a second: "0:14", "0:14.52", "1:02:03". Pure.
std::string clock_text(double seconds);

/// Formats a stretch: "0:05 to 0:14", "0:05 to the end", "all of it". Pure.
std::string range_text(double start_s, double end_s);

}  // namespace lido::dataset
