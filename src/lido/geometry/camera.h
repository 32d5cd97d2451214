// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/yaml.h"
#include "lido/geometry/pool.h"
#include "lido/geometry/refraction.h"

namespace lido::geometry {

/// Model of a lens's distortion, with coefficients as OpenCV defines them.
enum class Lens : uint8_t {
  kBrown,    ///< Brown-Conrady: k1, k2, p1, p2, k3. All zero: a pinhole camera.
  kFisheye,  ///< Kannala and Brandt 2006, equidistant: k1, k2, k3, k4.
};

/// A camera's clock: it reads offset_s + t (1 + drift_ppm / 1e6) at t seconds after the reference.
struct CameraClock {
  double offset_s = 0;
  double drift_ppm = 0;  ///< Positive: the camera's clock is fast.
  /// Moment from which t counts: "scene_start", or a time of RFC 3339.
  std::string reference = "scene_start";
};

/// A camera over the water, or under water behind a flat port: where it is, where it looks, and its
/// lens.
///
/// Pixels are measured from the left edge of the left pixel and the top edge of the top one.
/// Camera axes: x right, y down, z ahead. Safe for concurrent reads.
struct Camera {
  std::string name;               ///< Lower-case letters, digits, _ and -.
  std::string source;             ///< Its video: files, a prefix of a bucket, a URL; may be empty.
  int width = 640, height = 360;  ///< Pixels; even.
  double fps = 25;                ///< Frames a second.
  double fx = 500, fy = 500;      ///< Focal lengths, pixels.
  double cx = 320, cy = 180;      ///< Principal point, pixels.
  Lens lens = Lens::kBrown;
  std::array<double, 5> k{};  ///< Distortion coefficients, in the order of Lens.
  Vector3 position{0, 0, 3};  ///< Optical centre, metres, in scene axes.
  /// Rotation from scene axes to camera axes.
  Eigen::Matrix3d cam_from_world = Eigen::Matrix3d::Identity();
  /// Under water: distance from the optical centre to the flat port, a thin pane at right angles to
  /// the optical axis, with air behind it. Metres.
  double port_m = 0.04;
  double water_index = kWaterRefractiveIndex;  ///< Index of refraction of the water.
  CameraClock clock;

  bool is_under_water() const { return position.z() < 0; }
  /// Projects a point in air.
  /// @return Pixels, also outside the image; nothing for a point behind the camera or outside the
  /// lens's field.
  std::optional<Eigen::Vector2d> project(const Vector3& point_in_world) const;
  /// Projects a point in air or under still water. Seen from above, the ray to a point below z = 0
  /// is refracted at the surface. Seen from under water, every ray is refracted at the port, and
  /// points over the water appear as if the water reached above them.
  /// @return As project(); also nothing for a point behind the port.
  std::optional<Eigen::Vector2d> project_through_water(const Vector3& point_in_world) const;
  /// Whether a point in camera axes is ahead of the camera and inside the lens's field.
  bool shows(const Vector3& point_in_camera) const;
  /// Whether a pixel is inside the image.
  bool contains(const Eigen::Vector2d& pixel) const {
    return pixel.x() >= 0 && pixel.y() >= 0 && pixel.x() < width && pixel.y() < height;
  }
  /// The widest ray that the lens model maps one to one: tangent (Brown) or angle in radians
  /// (fisheye) from the optical axis. Farther rays would fold back into the image.
  double max_field() const;
  /// Distance of the image's farthest corner from the principal point, in focal lengths.
  double corner_radius() const;
  /// Distance from the principal point, in focal lengths, of a ray so far off the axis: tangent
  /// (Brown, radial part only) or angle in radians (fisheye).
  double distorted_radius(double field) const;

 private:
  std::optional<Eigen::Vector2d> project_from_camera(const Vector3& point) const;
};

/// Returns an upright pinhole camera at `position` that looks at `target`.
/// @param target  Not straight below or above `position`.
/// @param degrees  Horizontal field of view.
Camera look_at(const Vector3& position, const Vector3& target, double degrees, int width,
               int height);

/// Turns a camera about its optical axis.
/// @param angle_rad  Positive: the image turns clockwise.
void roll(Camera& camera, double angle_rad);

/// Reads one camera of a scene or a site.yaml: its pose by cam_from_world or by at and looks_at,
/// its lens by intrinsics and distortion or by degrees, lens and k. Keys of a simulated sensor
/// (noise, faults, ...) are accepted and ignored.
/// @param pool  In axes whose z = 0 is the water, as is the camera that is returned.
/// @param number  Names a camera without a name: cam1, cam2, ...
/// @param level_z  Height of the water in the file's axes, metres.
/// @return kInvalidArgument with file and line, as for a camera in the waterline, inside a wall, or
/// with a lens that folds back inside the image.
Result<Camera> read_camera(const Yaml& node, const Pool& pool, size_t number, double level_z = 0);

/// Text that read_camera() reads, with intrinsics, distortion and cam_from_world: one item of a
/// YAML list, indented by two.
std::string to_yaml(const Camera& camera);

}  // namespace lido::geometry
