// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "lido/geometry/pool.h"
#include "lido/reconstruct/bones.h"

namespace lido::reconstruct {

/// Size of a person, as far as it is known: what a single camera gets their distance from.
struct BodySize {
  double trunk_m, thigh_m, shin_m;  ///< Shoulder to hip, hip to knee, knee to ankle.
  double sigma_share;               ///< Standard deviation of their common scale, as a share.
};

/// Size of an unknown person in a pool, child or adult: a stature of 1.60 m, with a standard
/// deviation of 12%.
///
/// Source: shares of the stature from Drillis and Contini 1966, Body segment parameters.
BodySize usual_size();

/// Size of a person whose bones are known; usual_size() where too few of them are.
BodySize size_of(const BoneLengths& bones);

/// Places a person whom one camera alone sees.
///
/// Several explanations are weighed: ankles on the deck or on the pool's floor, the head of an
/// upright person at the water's surface, a person lying at the surface, and, with little
/// weight, any distance. Each has a distance from floor or surface and, for upright people, from
/// the size of trunk and legs in the image. Joints get the mean and the covariance of the weighed
/// explanations: wide along the sight line where these differ or rest on the size alone. Errors of
/// the joints of one moment, and of moments near each other, are correlated.
///
/// @param expected  Where the joints are expected, which weighs the explanations; joints that are
///                  not found count for nothing.
/// @return Joints in the view, each seen by `view.camera`. Nothing where neither floor, surface nor
///         size gives a place.
std::optional<std::array<Joint, kJoints>> place_from_one_view(
    const geometry::Camera& camera, const PersonView& view, const geometry::Pool& pool,
    const BodySize& size, const std::array<Joint, kJoints>& expected = {});

/// Places one joint that one camera sees, of a person whose other joints are found: on its sight
/// line, as far from a neighbour as their bone is long. Either of two places may be the right one,
/// which `expected` weighs and the covariance states.
/// @param joint  Index into kJointNames.
/// @param expected  Where the joint is expected; may be not found.
/// @return Nothing without a neighbour that was found, or if the sight line misses its reach.
std::optional<Joint> place_joint(const geometry::Camera& camera, const PersonView& view,
                                 size_t joint, const std::array<Joint, kJoints>& others,
                                 const BoneLengths& bones, const Joint& expected);

/// Joins two independent estimates of a joint. Where they contradict each other, returns the first.
Joint fuse(const Joint& measured, const Joint& expected);

}  // namespace lido::reconstruct
