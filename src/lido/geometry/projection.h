// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "lido/geometry/camera.h"

namespace lido::geometry {

/// A pixel of a projected point, and how it moves with all that it depends on.
struct Projection {
  Eigen::Vector2d pixel = Eigen::Vector2d::Zero();
  Eigen::Matrix<double, 2, 3> by_point;     ///< Point in the world, metres.
  Eigen::Matrix<double, 2, 3> by_position;  ///< Camera::position, metres.
  /// Small rotation w of the camera, radians: exp(w) times Camera::cam_from_world.
  Eigen::Matrix<double, 2, 3> by_rotation;
  Eigen::Matrix<double, 2, 4> by_intrinsics;           ///< fx, fy, cx, cy.
  Eigen::Matrix<double, 2, 5> by_distortion;           ///< Camera::k.
  Eigen::Vector2d by_index = Eigen::Vector2d::Zero();  ///< Camera::water_index.

  /// Derivative by the water's level with camera and point at rest, pixels a metre. Zero for a
  /// camera and a point on one side of the surface.
  Eigen::Vector2d by_level() const { return -by_point.col(2) - by_position.col(2); }
};

/// Projects a point as Camera::project_through_water() does, with analytic derivatives. Pure.
/// @return Nothing where Camera::project_through_water() gives nothing.
std::optional<Projection> differentiate(const Camera& camera, const Vector3& point_in_world);

/// Projects a point as Camera::project() does, with analytic derivatives: in air, in any axes. The
/// derivative by_index is 0. Pure.
/// @return Nothing where Camera::project() gives nothing.
std::optional<Projection> differentiate_in_air(const Camera& camera, const Vector3& point_in_world);

/// A pixel of a projected point, and how it moves with the point.
struct PointProjection {
  Eigen::Vector2d pixel = Eigen::Vector2d::Zero();
  Eigen::Matrix<double, 2, 3> by_point;  ///< Point in the world, pixels a metre.
};

/// Returns the pixel and `by_point` of differentiate(), in less time. Pure.
std::optional<PointProjection> differentiate_by_point(const Camera& camera,
                                                      const Vector3& point_in_world);

/// A half-line.
struct Ray {
  Vector3 origin = Vector3::Zero();
  Vector3 direction = Vector3::UnitZ();  ///< Unit vector.
};

/// The path of the light that reaches a pixel, followed from the camera outwards: the inverse of
/// Camera::project_through_water(). Every point of `in_air` over the water, and of `in_water` under
/// it, is projected to the pixel.
struct SightLine {
  std::optional<Ray> in_air;    ///< From the optical centre; nothing for a camera under water.
  std::optional<Ray> in_water;  ///< From surface or port; nothing if the path stays over the water.
};

/// Returns the direction in camera axes that a pixel shows, in air: the inverse of the lens. Pure.
/// @return A unit vector; nothing for a pixel that no ray of the lens's field reaches.
std::optional<Vector3> unproject(const Camera& camera, const Eigen::Vector2d& pixel);

/// Returns the path of the light to a pixel through air and still water. Pure.
/// @return Nothing where unproject() gives nothing.
std::optional<SightLine> sight_line(const Camera& camera, const Eigen::Vector2d& pixel);

/// Returns the point of a sight line at a height over the water. Pure.
/// @param z_m  Negative: under water.
/// @return Nothing if the line does not reach that height.
std::optional<Vector3> point_at_height(const SightLine& line, double z_m);

}  // namespace lido::geometry
