// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "lido/base/rational.h"
#include "lido/media/frame.h"

namespace lido::media {

/// Derives the timestamps of consecutive frames that have none.
///
/// Between two known timestamps the frames are spaced evenly, unless they would be more than two
/// and a half intervals apart: then the recording paused, and they follow the frame before. With
/// one known timestamp, they follow or precede it at the stream's interval. Pure.
///
/// @param before    PTS of the frame before them, ticks; kNoPts when there is none.
/// @param after     PTS of the frame after them, ticks; kNoPts when there is none.
/// @param count     Frames, >= 0.
/// @param interval  Seconds between frames by the stream's header; num 0 when unknown.
/// @param tick      Seconds per tick.
/// @return `count` timestamps, ascending unless `after` leaves no room; fewer when nothing gives
///         them.
std::vector<int64_t> times_between(int64_t before, int64_t after, int64_t count, Rational interval,
                                   Rational tick);

}  // namespace lido::media
