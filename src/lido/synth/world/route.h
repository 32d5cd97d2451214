// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lido/geometry/pool.h"

namespace lido::synth {

using geometry::Point;
using geometry::Pool;

/// Whether the straight line between two points stays in the water, or on land.
/// @param in_water  The side that both points are on.
bool is_clear(const Pool& pool, Point from, Point to, bool in_water);

/// The shortest way around the pool's corners, or inside them.
/// @return Points to go to, the last one first; `to` alone when the way is clear or there is none.
/// O(N^3) in corners.
std::vector<Point> route(const Pool& pool, Point from, Point to, bool in_water);

}  // namespace lido::synth
