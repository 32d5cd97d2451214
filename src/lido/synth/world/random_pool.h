// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/geometry/pool.h"
#include "lido/synth/world/random.h"

namespace lido::synth {

using geometry::Point;
using geometry::Pool;

/// Draws a rectangle, an L, a lane pool or a toddlers' basin, with its deck.
Pool random_pool(Random& random);

}  // namespace lido::synth
