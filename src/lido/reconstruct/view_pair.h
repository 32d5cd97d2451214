// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "lido/geometry/projection.h"
#include "lido/reconstruct/people.h"

namespace lido::reconstruct {

/// A view with the sight lines of its keypoints. The camera must outlive it.
struct SightedView {
  PersonView view;
  const geometry::Camera* camera;
  std::array<std::optional<geometry::SightLine>, kJoints> lines;  ///< Nothing: not seen.
};

/// Follows the light of each keypoint. Pure.
SightedView with_sight_lines(const geometry::Camera& camera, const PersonView& view);

/// Returns the mean squared error of two views as views of one person, in standard deviations: how
/// near the sight lines of their keypoints pass, over or under the water. Pure.
/// @return Nothing if they share fewer than AssociateOptions::min_shared keypoints whose sight
///         lines are not nearly parallel.
std::optional<double> view_error2(const SightedView& a, const SightedView& b, const Space& space,
                                  const AssociateOptions& options = {});

}  // namespace lido::reconstruct
