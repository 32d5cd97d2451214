// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "lido/reconstruct/triangulate.h"

namespace lido::reconstruct {

/// Joints of a person: the keypoints of COCO.
inline constexpr size_t kJoints = 17;
inline constexpr std::array<std::string_view, kJoints> kJointNames = {
    "nose",           "left_eye",   "right_eye",   "left_ear",   "right_ear",   "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip",
    "right_hip",      "left_knee",  "right_knee",  "left_ankle", "right_ankle"};

/// A keypoint of a person in an image.
struct MeasuredKeypoint {
  Eigen::Vector2d pixel = Eigen::Vector2d::Zero();
  double sigma_px = 0;  ///< Standard deviation of either coordinate; 0: not seen.
  bool is_seen() const { return sigma_px > 0; }
};

/// Keypoints of one person in an image of one camera.
struct PersonView {
  size_t camera = 0;  ///< Index into the cameras.
  std::array<MeasuredKeypoint, kJoints> keypoints{};
  /// Id of the person in the views of one camera, from 1; 0: not known.
  int64_t track = 0;
};

/// A joint in space.
struct Joint {
  geometry::Vector3 point_in_world = geometry::Vector3::Zero();  ///< Metres.
  Eigen::Matrix3d covariance = Eigen::Matrix3d::Zero();          ///< Square metres.
  std::vector<size_t> cameras;  ///< Cameras that it was triangulated from; empty: none.
  bool is_found() const { return !cameras.empty(); }
};

/// A person in space, from one moment's views.
struct Skeleton {
  std::array<Joint, kJoints> joints{};
  std::vector<size_t> views;  ///< Indices of the views that agree on it, ascending.
  size_t found() const;       ///< Number of joints that were found.
};

/// The space in which people can be, metres.
struct Space {
  geometry::Vector3 min{-1e3, -1e3, -20}, max{1e3, 1e3, 20};
  bool contains(const geometry::Vector3& point) const {
    return (point.array() >= min.array()).all() && (point.array() <= max.array()).all();
  }
};

/// The space of a pool: the deck around it, from the floor to 2.6 m over the water.
Space space_of(const geometry::Pool& pool);

struct AssociateOptions {
  /// Largest mean squared error, in standard deviations, of two views of one person: 1 is expected.
  double max_error2 = 3;
  /// Keypoints that two views of one person must share.
  size_t min_shared = 4;
};

/// Groups views of one moment by person, by geometry alone: sight lines of a person's keypoints
/// meet, over or under the water, inside the space.
///
/// Pairs of views are compared by the distances of their sight lines, and groups grow from the best
/// pairs, as long as all their views agree. At most one view a camera in a group. Pure. O(N^2) in
/// views.
///
/// @return Groups of two views or more, as indices into `views`, ascending.
std::vector<std::vector<size_t>> associate(std::span<const geometry::Camera> cameras,
                                           std::span<const PersonView> views, const Space& space,
                                           const AssociateOptions& options = {});

/// Triangulates the joints of a person from their views. Views in which most joints disagree with
/// the others are left out. Pure.
/// @param group  Indices into `views`, one a camera at most.
Skeleton triangulate_person(std::span<const geometry::Camera> cameras,
                            std::span<const PersonView> views, std::span<const size_t> group,
                            const Space& space);

}  // namespace lido::reconstruct
