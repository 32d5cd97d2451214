// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "lido/base/box.h"
#include "lido/media/convert.h"

namespace lido::scene {

/// Where a short run of pictures of a still camera differs from what it mostly shows.
///
/// The median of the run is the background; a place counts as different when it leaves the median
/// by much more than it usually does there, so that moving water asks for more than still tiles.
/// Finds swimmers whom a detector misses, and splashes and reflections too: recall before
/// precision. Somebody who does not move at all is background.
///
/// @param pictures  Of equal size, at least 5; reduced (MotionEstimator::geometry_for).
/// @return For each picture boxes in its own pixels, the largest first, at most 24.
std::vector<std::vector<Box>> find_moving(std::span<const media::GreyImage> pictures);

/// The median of pictures, pixel by pixel and channel by channel, and how much each pixel usually
/// leaves it: moving water, leaves, flags. Both have the size of the pictures.
struct Plate {
  media::Image background;
  media::GreyImage activity;  ///< Median distance from the background, brightness levels.
};
/// @param pictures  Of equal size, 1 to 255.
Plate make_plate(std::span<const media::Image> pictures);

}  // namespace lido::scene
