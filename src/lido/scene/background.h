// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "lido/base/box.h"
#include "lido/media/convert.h"

namespace lido::scene {

/// Finds regions that move in a short run of frames of a still camera.
///
/// The median of the run is the background. A pixel counts as moving when it leaves the median by
/// much more than pixels there usually do, so that moving water needs a larger change than still
/// tiles. Finds swimmers that a detector misses, but also splashes and reflections: recall before
/// precision. A person who does not move at all is background. Pure.
///
/// @param images  Of equal size, reduced by MotionEstimator::reduce(); fewer than 5 give no boxes.
/// @return For each image at most 24 boxes in its own pixels, the largest area first.
std::vector<std::vector<Box>> find_moving(std::span<const media::GreyImage> images);

/// Background of a view, and how much each pixel usually leaves it (water, leaves, flags). Both
/// images have the size of the frames.
struct Plate {
  media::Image background;    ///< Median of each pixel and channel.
  media::GreyImage activity;  ///< Median distance of green from the background, 0 to 255.
};

/// Makes a background plate. Pure.
/// @param images  1 to 255 images of equal size.
Plate make_plate(std::span<const media::Image> images);

}  // namespace lido::scene
