// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lido/scene/follow.h"

namespace lido::scene {

/// Minimum height or width of a region that moved, for a cutout of its own; source pixels.
inline constexpr double kMinMovingSide = 24;

/// Links regions that moved, from tick to tick: each region with the one that overlaps it most, up
/// to max_gap ticks later. Ripples and reflections flicker, so that they give short chains. Pure.
/// @param regions     By tick.
/// @param min_length  Regions of the shortest chain to keep.
/// @return Chains, by their first region; each by tick.
std::vector<std::vector<SeenObject>> link_moving(std::span<const SeenObject> regions,
                                                 int64_t max_gap, size_t min_length);

/// Chooses which of a block's moving regions to cut out: those that move on for a while, the
/// longest chains first, at most kMaxMovingCutouts at a tick. Pure.
/// @param block  Observations of one block, by tick.
/// @return For each observation its boxes, upright source pixels.
std::vector<std::vector<Box>> moving_cutouts(std::span<const Observation> block);
inline constexpr size_t kMaxMovingCutouts = 8;

/// Follows what moves in water for two seconds or more where no person is followed: swimmers whom
/// the detector does not find, and also waves and toys. Pure.
/// @param followed  Tracks and motions of the clip.
/// @param stillness  Backgrounds of the clip's views. Without one, nothing counts as water.
/// @return Chains of regions, by their beginning; each by tick.
std::vector<std::vector<SeenObject>> follow_moving(const ObservedClip& clip,
                                                   const Followed& followed,
                                                   const Detector& detector,
                                                   const Stillness& stillness);

}  // namespace lido::scene
