// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lido/geometry/pool.h"

namespace lido::synth {

using geometry::Point;
using geometry::Pool;

/// Whether one can go straight from here to there, all in the water or all on land.
bool is_clear(const Pool& pool, Point from, Point to, bool water);

/// The shortest way around the pool's corners, or inside them: points to go to, the last first.
/// Just the end where there is none.
std::vector<Point> route(const Pool& pool, Point from, Point to, bool water);

}  // namespace lido::synth
