// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lido/base/box.h"
#include "lido/media/convert.h"

namespace lido::scene {

/// Regions of one image that moved.
struct Moving {
  std::vector<Box> regions;  ///< At most 24, the largest area first; pixels of the image.
  media::GreyImage mask;     ///< 255 where a pixel moved, else 0; smaller than the image.
  double reduction = 1;      ///< Pixels of the image per pixel of the mask.
};

/// Finds regions that move in a short run of frames of a still camera.
///
/// The median of the run is the background. A pixel counts as moving when it leaves the median by
/// much more than pixels there usually do, so that moving water needs a larger change than still
/// tiles. Finds swimmers that a detector misses, but also splashes and reflections: recall before
/// precision. A person who does not move at all is background. Pure.
///
/// @param images  Equal in size, reduced by MotionEstimator::reduce(); fewer than 5 give nothing.
/// @return For each image what moved in it; empty when there are too few images.
std::vector<Moving> find_moving(std::span<const media::GreyImage> images);

/// Share of a box that moved, 0 to 1. Pure.
/// @param box  Pixels of the image that was given to find_moving().
double moved_share(const Moving& moving, const Box& box);

/// Pixels in a box of one frame.
struct BoxLook {
  float moved = -1;            ///< Share of the box that moved, 0 to 1; -1 when unknown.
  std::vector<uint8_t> patch;  ///< The box as kPatchWidth x kPatchHeight; empty where much moved.
};
inline constexpr int kPatchWidth = 6;
inline constexpr int kPatchHeight = 12;
/// Share of a box above which the object in it moves.
inline constexpr float kMinMovedShare = 0.12F;

/// Looks at a box. Pure.
/// @param box  Pixels of the image, as given to find_moving().
BoxLook look_at(const media::GreyImage& image, const Moving& moving, const Box& box);

/// The part of an image in a box, kPatchWidth x kPatchHeight; empty for a box outside it. Pure.
std::vector<uint8_t> patch_of(const media::GreyImage& image, const Box& box);

/// Middle of some values, and how far they usually are from there.
struct Spread {
  uint8_t median = 0;
  uint8_t distance = 0;  ///< Median distance from the median.
};
/// Measures the spread of values.
/// @param values  1 or more; overwritten.
Spread spread_of(std::span<uint8_t> values);

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
