// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "lido/scene/motion_model.h"

// Direct alignment of two images, by all pixels with a gradient; private to the room.

namespace lido::scene {

/// Assumed standard deviation of a view that is matched by appearance only, reduced pixels.
inline constexpr double kCoarsePx = 4;

/// Refines a homography by all pixels with a gradient, where followed points leave it uncertain.
///
/// Pure. Source: Baker and Matthews, Lucas-Kanade 20 Years On (2004): inverse compositional, with
/// Huber weights.
/// @param start  Right to one or two pixels of the level; its inliers are copied to the result.
/// @param level  Level of both pyramids, 0 for full size.
/// @param dof    Degrees of freedom that may change: 4 or 8 (basis_of).
/// @return Nothing when too few pixels are in view, the equations are singular, or the result is
///         more than 3 pixels from the start or implausible.
std::optional<MotionFit> refine_alignment(const GrayFrame& source, const GrayFrame& target,
                                          const MotionFit& start, int level = 0, int dof = 8);

/// Refines each guessed homography from coarse to fine, and selects the one under which the two
/// images differ least. Pure.
/// @return Nothing when no guess fits much better than a wrong place does. `inliers` is 0.
std::optional<MotionFit> select_alignment(const GrayFrame& source, const GrayFrame& target,
                                          const std::vector<MotionFit>& guesses);

/// Whether two images correlate where nothing moves by itself: a last resort for views with too few
/// points to follow. Pure.
bool looks_alike(const GrayFrame& a, const GrayFrame& b);

/// Whether a point is inside one of the boxes. Boxes and point in reduced pixels.
bool is_moving(const std::vector<Box>& moving, const cv::Point2f& p);

}  // namespace lido::scene
