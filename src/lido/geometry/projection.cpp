// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/projection.h"

#include <algorithm>
#include <cmath>

namespace lido::geometry {
namespace {

/// A point of the image plane at focal length 1, behind the lens, with its derivatives.
struct LensPoint {
  Eigen::Vector2d at;
  Eigen::Matrix2d by_slope;  ///< By (x / z, y / z) before the lens.
};

using ByDistortion = Eigen::Matrix<double, 2, 5>;

/// Brown-Conrady, as OpenCV: k1, k2, p1, p2, k3.
LensPoint through_brown(const std::array<double, 5>& k, const Eigen::Vector2d& slope) {
  const double x = slope.x(), y = slope.y(), xx = x * x, yy = y * y, xy = x * y, r2 = xx + yy;
  const double factor = 1 + r2 * (k[0] + r2 * (k[1] + r2 * k[4]));
  const double factor_by_r2 = k[0] + r2 * (2 * k[1] + 3 * r2 * k[4]);
  LensPoint out;
  out.at = {x * factor + 2 * k[2] * xy + k[3] * (r2 + 2 * xx),
            y * factor + k[2] * (r2 + 2 * yy) + 2 * k[3] * xy};
  const double mixed = 2 * xy * factor_by_r2 + 2 * k[2] * x + 2 * k[3] * y;
  out.by_slope << factor + 2 * xx * factor_by_r2 + 2 * k[2] * y + 6 * k[3] * x, mixed, mixed,
      factor + 2 * yy * factor_by_r2 + 6 * k[2] * y + 2 * k[3] * x;
  return out;
}

/// Derivatives of through_brown() by the coefficients.
ByDistortion brown_by_distortion(const Eigen::Vector2d& slope) {
  const double x = slope.x(), y = slope.y(), xx = x * x, yy = y * y, xy = x * y, r2 = xx + yy;
  ByDistortion out;
  out.col(0) = r2 * slope;
  out.col(1) = r2 * r2 * slope;
  out.col(2) << 2 * xy, r2 + 2 * yy;
  out.col(3) << r2 + 2 * xx, 2 * xy;
  out.col(4) = r2 * r2 * r2 * slope;
  return out;
}

/// Kannala-Brandt, as OpenCV's fisheye: k1 to k4.
LensPoint through_fisheye(const std::array<double, 5>& k, const Eigen::Vector2d& slope) {
  const double r = slope.norm();
  LensPoint out;
  if (r == 0) {
    out.at.setZero();
    out.by_slope.setIdentity();
    return out;
  }
  const double angle = std::atan(r), t2 = angle * angle;
  const double radius = angle * (1 + t2 * (k[0] + t2 * (k[1] + t2 * (k[2] + t2 * k[3]))));
  const double radius_by_angle =
      1 + t2 * (3 * k[0] + t2 * (5 * k[1] + t2 * (7 * k[2] + t2 * 9 * k[3])));
  const Eigen::Vector2d ahead = slope / r;
  out.at = radius * ahead;
  const double across = radius / r, along = radius_by_angle / (1 + r * r);
  out.by_slope =
      across * Eigen::Matrix2d::Identity() + (along - across) * ahead * ahead.transpose();
  return out;
}

/// Derivatives of through_fisheye() by the coefficients.
ByDistortion fisheye_by_distortion(const Eigen::Vector2d& slope) {
  ByDistortion out = ByDistortion::Zero();
  const double r = slope.norm();
  if (r == 0) return out;
  const double angle = std::atan(r), t2 = angle * angle;
  double power = angle * t2;
  for (Eigen::Index i = 0; i < 4; ++i, power *= t2) out.col(i) = power * slope / r;
  return out;
}

LensPoint through_lens(const Camera& camera, const Eigen::Vector2d& slope) {
  return camera.lens == Lens::kBrown ? through_brown(camera.k, slope)
                                     : through_fisheye(camera.k, slope);
}

/// The pixel of a point in camera axes.
struct PixelStep {
  Eigen::Vector2d slope, in_lens;  ///< (x / z, y / z) before and behind the lens.
  Eigen::Vector2d pixel;
  Eigen::Matrix<double, 2, 3> by_in_cam;  ///< By the point in camera axes.
};

PixelStep pixel_of(const Camera& camera, const Vector3& in_cam) {
  PixelStep step;
  step.slope = in_cam.head<2>() / in_cam.z();
  const LensPoint lens = through_lens(camera, step.slope);
  step.in_lens = lens.at;
  step.pixel = {camera.fx * lens.at.x() + camera.cx, camera.fy * lens.at.y() + camera.cy};
  Eigen::Matrix2d by_slope = lens.by_slope / in_cam.z();
  by_slope.row(0) *= camera.fx;
  by_slope.row(1) *= camera.fy;
  step.by_in_cam.leftCols<2>() = by_slope;
  step.by_in_cam.col(2) = -by_slope * step.slope;
  return step;
}

/// A projection's parts that lie behind the point in camera axes.
struct ImageStep {
  Projection projection;                  ///< Pixel, by_intrinsics and by_distortion are set.
  Eigen::Matrix<double, 2, 3> by_in_cam;  ///< By the point in camera axes.
};

ImageStep image_of(const Camera& camera, const Vector3& in_cam) {
  const PixelStep pixel = pixel_of(camera, in_cam);
  ImageStep step;
  step.projection.pixel = pixel.pixel;
  step.projection.by_intrinsics << pixel.in_lens.x(), 0, 1, 0, 0, pixel.in_lens.y(), 0, 1;
  step.projection.by_distortion =
      Eigen::Vector2d(camera.fx, camera.fy).asDiagonal() *
      (camera.lens == Lens::kBrown ? brown_by_distortion(pixel.slope)
                                   : fisheye_by_distortion(pixel.slope));
  step.by_in_cam = pixel.by_in_cam;
  return step;
}

/// Derivative of exp(w) p by w, at w = 0.
Eigen::Matrix3d rotated_by(const Vector3& p) {
  Eigen::Matrix3d out;
  out << 0, p.z(), -p.y(), -p.z(), 0, p.x(), p.y(), -p.x(), 0;
  return out;
}

std::optional<Projection> differentiate_behind_port(const Camera& camera, const Vector3& in_cam) {
  if (in_cam.z() <= camera.port_m + 1e-6) return std::nullopt;
  const SurfaceCrossing on = differentiate_refraction(
      {0, 0, camera.port_m}, {in_cam.x(), in_cam.y(), camera.port_m - in_cam.z()},
      camera.water_index);
  const Vector3 on_port(on.at.x(), on.at.y(), camera.port_m);
  if (!camera.shows(on_port)) return std::nullopt;
  ImageStep step = image_of(camera, on_port);
  // Depths behind the port grow with z of the camera, heights over a surface do not.
  const Eigen::Matrix3d on_by_in_cam = on.by_below * Vector3(1, 1, -1).asDiagonal();
  const Eigen::Matrix<double, 2, 3> by_in_cam = step.by_in_cam * on_by_in_cam;
  step.projection.by_point = by_in_cam * camera.cam_from_world;
  step.projection.by_position = -step.projection.by_point;
  step.projection.by_rotation = by_in_cam * rotated_by(in_cam);
  step.projection.by_index = step.by_in_cam * on.by_index;
  return step.projection;
}

/// Slope (x / z, y / z) of the ray that the lens shows at a point of the image plane at focal
/// length 1, along its radius: without tangential distortion.
std::optional<double> field_of(const Camera& camera, double radius) {
  // Newton's method, kept inside the field, in which the radius grows with the angle.
  double low = 0, high = camera.max_field();
  if (radius > camera.distorted_radius(high)) return std::nullopt;
  double field = std::min(radius, high);
  for (int i = 0; i < 60; ++i) {
    const double over = camera.distorted_radius(field) - radius;
    (over > 0 ? high : low) = field;
    constexpr double kStep = 1e-6;
    const double slope =
        (camera.distorted_radius(field + kStep) - camera.distorted_radius(field - kStep)) /
        (2 * kStep);
    double next = field - over / slope;
    if (!(next >= low && next <= high)) next = (low + high) / 2;
    if (std::abs(next - field) < 1e-10) return next;
    field = next;
  }
  return field;
}

/// Inverse of through_lens(), by Newton's method. Nothing where it does not converge.
std::optional<Eigen::Vector2d> slope_before_lens(const Camera& camera, const Eigen::Vector2d& at,
                                                 Eigen::Vector2d slope) {
  for (int i = 0; i < 20; ++i) {
    const LensPoint lens = through_lens(camera, slope);
    const Eigen::Vector2d step = lens.by_slope.inverse() * (at - lens.at);
    if (!step.allFinite()) return std::nullopt;
    slope += step;
    // Newton's steps square the error: the next one would be below 1e-15.
    if (step.squaredNorm() < 1e-16 * (1 + slope.squaredNorm())) return slope;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Projection> differentiate(const Camera& camera, const Vector3& point_in_world) {
  const Eigen::Matrix3d& turn = camera.cam_from_world;
  if (camera.is_under_water())
    return differentiate_behind_port(camera, turn * (point_in_world - camera.position));
  if (point_in_world.z() >= 0) return differentiate_in_air(camera, point_in_world);
  const SurfaceCrossing on =
      differentiate_refraction(camera.position, point_in_world, camera.water_index);
  const Vector3 in_cam = turn * (on.at - camera.position);
  if (!camera.shows(in_cam)) return std::nullopt;
  ImageStep step = image_of(camera, in_cam);
  const Eigen::Matrix<double, 2, 3> by_seen = step.by_in_cam * turn;
  step.projection.by_point = by_seen * on.by_below;
  step.projection.by_position = by_seen * (on.by_eye - Eigen::Matrix3d::Identity());
  step.projection.by_rotation = step.by_in_cam * rotated_by(in_cam);
  step.projection.by_index = by_seen * on.by_index;
  return step.projection;
}

std::optional<Projection> differentiate_in_air(const Camera& camera,
                                               const Vector3& point_in_world) {
  const Vector3 in_cam = camera.cam_from_world * (point_in_world - camera.position);
  if (!camera.shows(in_cam)) return std::nullopt;
  ImageStep step = image_of(camera, in_cam);
  step.projection.by_point = step.by_in_cam * camera.cam_from_world;
  step.projection.by_position = -step.projection.by_point;
  step.projection.by_rotation = step.by_in_cam * rotated_by(in_cam);
  return step.projection;
}

std::optional<PointProjection> differentiate_by_point(const Camera& camera,
                                                      const Vector3& point_in_world) {
  const Eigen::Matrix3d& turn = camera.cam_from_world;
  const bool under_water = camera.is_under_water();
  if (!under_water && point_in_world.z() >= 0) {
    const Vector3 in_cam = turn * (point_in_world - camera.position);
    if (!camera.shows(in_cam)) return std::nullopt;
    const PixelStep step = pixel_of(camera, in_cam);
    return PointProjection{step.pixel, step.by_in_cam * turn};
  }
  // Through a surface: that of the water in the world's axes, or the port in the camera's.
  Vector3 eye = camera.position, below = point_in_world;
  if (under_water) {
    const Vector3 in_cam = turn * (point_in_world - camera.position);
    if (in_cam.z() <= camera.port_m + 1e-6) return std::nullopt;
    eye = {0, 0, camera.port_m};
    below = {in_cam.x(), in_cam.y(), camera.port_m - in_cam.z()};
  }
  const SurfaceCrossing on = differentiate_refraction(eye, below, camera.water_index);
  const Vector3 seen = under_water ? Vector3(on.at.x(), on.at.y(), camera.port_m)
                                   : Vector3(turn * (on.at - camera.position));
  if (!camera.shows(seen)) return std::nullopt;
  const PixelStep step = pixel_of(camera, seen);
  if (!under_water) return PointProjection{step.pixel, step.by_in_cam * (turn * on.by_below)};
  const Eigen::Matrix3d on_by_in_cam = on.by_below * Vector3(1, 1, -1).asDiagonal();
  return PointProjection{step.pixel, step.by_in_cam * (on_by_in_cam * turn)};
}

std::optional<Vector3> unproject(const Camera& camera, const Eigen::Vector2d& pixel) {
  const Eigen::Vector2d at((pixel.x() - camera.cx) / camera.fx,
                           (pixel.y() - camera.cy) / camera.fy);
  if (!at.allFinite()) return std::nullopt;
  const double radius = at.norm();
  const auto ray = [](const Eigen::Vector2d& slope) {
    return Vector3(slope.x(), slope.y(), 1).normalized();
  };
  // Beyond the lens's field are answers too, of rays that fold back.
  if (const auto slope = slope_before_lens(camera, at, at); slope && camera.shows(ray(*slope)))
    return ray(*slope);
  const auto field = field_of(camera, radius);
  if (!field || radius == 0) return std::nullopt;
  const double tangent = camera.lens == Lens::kBrown ? *field : std::tan(*field);
  const auto slope = slope_before_lens(camera, at, at * (tangent / radius));
  return slope && camera.shows(ray(*slope)) ? std::optional(ray(*slope)) : std::nullopt;
}

std::optional<SightLine> sight_line(const Camera& camera, const Eigen::Vector2d& pixel) {
  const auto in_cam = unproject(camera, pixel);
  if (!in_cam) return std::nullopt;
  const Eigen::Matrix3d world_from_cam = camera.cam_from_world.transpose();
  SightLine line;
  if (camera.is_under_water()) {
    const auto behind = refract_direction(*in_cam, -Vector3::UnitZ(), 1 / camera.water_index);
    const Vector3 on_port = *in_cam * (camera.port_m / in_cam->z());
    line.in_water = Ray{camera.position + world_from_cam * on_port, world_from_cam * *behind};
    return line;
  }
  line.in_air = Ray{camera.position, world_from_cam * *in_cam};
  const Vector3& ahead = line.in_air->direction;
  if (ahead.z() < -1e-9) {
    const auto below = refract_direction(ahead, Vector3::UnitZ(), 1 / camera.water_index);
    line.in_water = Ray{camera.position - ahead * (camera.position.z() / ahead.z()), *below};
  }
  return line;
}

std::optional<Vector3> point_at_height(const SightLine& line, double z_m) {
  // A camera under water sees points over it as if the water reached above them.
  const auto& ray = (z_m < 0 || !line.in_air) ? line.in_water : line.in_air;
  if (!ray) return std::nullopt;
  const double distance_m = (z_m - ray->origin.z()) / ray->direction.z();
  if (!std::isfinite(distance_m) || distance_m < 0) return std::nullopt;
  return ray->origin + distance_m * ray->direction;
}

}  // namespace lido::geometry
