// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "lido/scene/motion_model.h"

// How MotionEstimator lays whole pictures over each other; private to the room.

namespace lido::scene {

/// What a view that merely looks the same is good for, reduced pixels.
inline constexpr double kCoarsePx = 4;

/// Takes every pixel with a gradient into account, where points alone leave a mapping unsure.
/// Begins at one that is right to a pixel or two of the level.
///
/// Source: Baker and Matthews, Lucas-Kanade 20 Years On (2004): inverse compositional, with weights
/// by Huber.
/// @param level  Of the pyramids.
/// @param dof  In which the mapping may change: 4 or 8 (basis_of).
std::optional<Fit> refine_alignment(const GrayFrame& from, const GrayFrame& to, const Fit& start,
                                    int level = 0, int dof = 8);

/// Settles, by all pixels, on one of some mappings that are only guesses: the one that, sharpened
/// from coarse to fine, makes one picture out of the two.
/// @return Nothing when none of them is much better than any other place.
std::optional<Fit> select_alignment(const GrayFrame& from, const GrayFrame& to,
                                    const std::vector<Fit>& guesses);

/// Whether two pictures look the same all over, where nothing may move by itself: a coarse stay for
/// views with too few points to follow.
bool looks_alike(const GrayFrame& a, const GrayFrame& b);

/// Whether something that may move by itself is there, in reduced pixels.
bool is_moving(const std::vector<Box>& moving, const cv::Point2f& p);

}  // namespace lido::scene
