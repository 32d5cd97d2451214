// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/camera.h"

#include <fmt/ranges.h>

#include <cmath>

#include "lido/geometry/refraction.h"

namespace lido::geometry {
namespace {

/// Keys of a camera in scene.yaml and site.yaml. The simulated sensor's, from "noise" on, are read
/// by lido::synth.
const std::vector<std::string_view> kCameraKeys = {"name",
                                                   "at",
                                                   "looks_at",
                                                   "degrees",
                                                   "width",
                                                   "height",
                                                   "fps",
                                                   "lens",
                                                   "k",
                                                   "noise",
                                                   "softness",
                                                   "shutter_s",
                                                   "dirt",
                                                   "exposure",
                                                   "clock_offset_s",
                                                   "clock_drift_ppm",
                                                   "bitrate_mbps",
                                                   "keyframe_s",
                                                   "codec",
                                                   "drops",
                                                   "faults"};

/// Widest fields that are considered: tangent (Brown) and radians (fisheye).
constexpr double kMaxBrownField = 4, kMaxFisheyeField_rad = 1.5;

double brown_factor(const std::array<double, 5>& k, double r2) {
  return 1 + r2 * (k[0] + r2 * (k[1] + r2 * k[4]));
}

double fisheye_radius(const std::array<double, 5>& k, double angle_rad) {
  const double t2 = angle_rad * angle_rad;
  return angle_rad * (1 + t2 * (k[0] + t2 * (k[1] + t2 * (k[2] + t2 * k[3]))));
}

double considered_field(const Camera& camera) {
  return camera.lens == Lens::kBrown ? kMaxBrownField : kMaxFisheyeField_rad;
}

/// Whether a ray so far off the axis is beyond the lens's field. Coarser and faster than comparing
/// with max_field().
bool folds_before(const Camera& camera, double field) {
  if (field > considered_field(camera)) return true;
  constexpr int kSteps = 8;
  double before = 0;
  for (int i = 1; i <= kSteps; ++i) {
    const double now = camera.distorted_radius(field * i / kSteps);
    if (now < before) return true;
    before = now;
  }
  return false;
}

Result<Vector3> read_position(const Yaml& node) {
  const auto three = LIDO_TRY(node.list());
  if (three.size() != 3) return node.refuse("three numbers, metres: [x, y, z]");
  return Vector3(LIDO_TRY(three[0].number(-500, 500)), LIDO_TRY(three[1].number(-500, 500)),
                 LIDO_TRY(three[2].number(-20, 100)));
}

Result<void> read_lens(const Yaml& node, Camera& camera) {
  if (node["lens"].has_value() &&
      LIDO_TRY(node["lens"].choice({"brown", "fisheye"})) == "fisheye") {
    camera.lens = Lens::kFisheye;
    camera.fx = camera.fy =
        camera.cx / (LIDO_TRY(node["degrees"].number_or(80, 5, 150)) * M_PI / 360);
  }
  if (node["k"].has_value()) {
    const auto k = LIDO_TRY(node["k"].list());
    if (k.size() > camera.k.size())
      return node["k"].refuse("k1, k2, p1, p2, k3; or k1 to k4 of a fisheye");
    for (size_t i = 0; i < k.size(); ++i) camera.k[i] = LIDO_TRY(k[i].number(-2, 2));
  }
  const double corner = std::hypot(camera.cx / camera.fx, camera.cy / camera.fy);
  if (camera.distorted_radius(camera.max_field()) < corner)
    return (node["k"].has_value() ? node["k"] : node["degrees"])
        .refuse("a lens that does not fold back inside the image");
  return {};
}

/// Where the camera is and looks, and how large its images are.
Result<Camera> read_pose(const Yaml& node, const Pool& pool) {
  const Vector3 at = LIDO_TRY(read_position(node["at"]));
  if (at.z() <= 0.2) return node["at"].refuse("a camera at least 0.2 m over the water");
  if (at.z() < pool.freeboard_m + 0.1 && !pool.is_water({at.x(), at.y()}))
    return node["at"].refuse("a camera that is not in the wall or under the deck");
  const Vector3 target = LIDO_TRY(read_position(node["looks_at"]));
  const Vector3 ahead = target - at;
  if (std::hypot(ahead.x(), ahead.y()) < 1e-3)
    return node["looks_at"].refuse("a point that is not straight under the camera");
  const auto width = LIDO_TRY(node["width"].number_or(640, 64, 4096));
  const auto height = LIDO_TRY(node["height"].number_or(360, 64, 4096));
  if (std::fmod(width, 2) != 0) return node["width"].refuse("an even number");
  if (std::fmod(height, 2) != 0) return node["height"].refuse("an even number");
  return look_at(at, target, LIDO_TRY(node["degrees"].number_or(80, 5, 150)),
                 static_cast<int>(width), static_cast<int>(height));
}

}  // namespace

double Camera::distorted_radius(double field) const {
  return lens == Lens::kBrown ? field * brown_factor(k, field * field) : fisheye_radius(k, field);
}

double Camera::max_field() const {
  const double considered = considered_field(*this);
  constexpr double kStep = 0.01;
  double before = 0;
  for (int i = 1; i * kStep < considered; ++i) {
    const double field = i * kStep;
    const double now = distorted_radius(field);
    if (now <= before) return field - kStep;
    before = now;
  }
  return considered;
}

std::optional<Eigen::Vector2d> Camera::project(const Vector3& point_in_world) const {
  const Vector3 p = cam_from_world * (point_in_world - position);
  if (p.z() <= 1e-6) return std::nullopt;
  double x = p.x() / p.z(), y = p.y() / p.z();
  const double r = std::hypot(x, y);
  if (lens == Lens::kBrown) {
    if (folds_before(*this, r)) return std::nullopt;
    const double factor = brown_factor(k, r * r), xy = x * y;
    const double distorted_x = x * factor + 2 * k[2] * xy + k[3] * (r * r + 2 * x * x);
    y = y * factor + k[2] * (r * r + 2 * y * y) + 2 * k[3] * xy;
    x = distorted_x;
  } else if (r > 0) {
    const double angle_rad = std::atan(r);
    if (folds_before(*this, angle_rad)) return std::nullopt;
    const double factor = fisheye_radius(k, angle_rad) / r;
    x *= factor;
    y *= factor;
  }
  return Eigen::Vector2d(fx * x + cx, fy * y + cy);
}

std::optional<Eigen::Vector2d> Camera::project_through_water(const Vector3& point_in_world) const {
  if (point_in_world.z() >= 0) return project(point_in_world);
  return project(refract_at_flat_surface(position, point_in_world));
}

Camera look_at(const Vector3& position, const Vector3& target, double degrees, int width,
               int height) {
  Camera camera;
  camera.width = width;
  camera.height = height;
  camera.position = position;
  camera.cx = width / 2.0;
  camera.cy = height / 2.0;
  camera.fx = camera.fy = camera.cx / std::tan(degrees * M_PI / 360);
  const Vector3 ahead = (target - position).normalized();
  const Vector3 right = ahead.cross(Vector3::UnitZ()).normalized();
  camera.cam_from_world.row(0) = right;
  camera.cam_from_world.row(1) = ahead.cross(right);
  camera.cam_from_world.row(2) = ahead;
  return camera;
}

Result<Camera> read_camera(const Yaml& node, const Pool& pool, size_t number) {
  LIDO_TRY(node.check_keys(kCameraKeys));
  Camera camera = LIDO_TRY(read_pose(node, pool));
  camera.name =
      node["name"].has_value() ? LIDO_TRY(node["name"].text()) : fmt::format("cam{}", number);
  if (camera.name.empty() ||
      camera.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != std::string::npos)
    return node["name"].refuse("a name of lower-case letters, digits, _ and -");
  camera.fps = LIDO_TRY(node["fps"].number_or(25, 1, 60));
  LIDO_TRY(read_lens(node, camera));
  return camera;
}

std::string to_yaml(const Camera& camera) {
  const Vector3 target = camera.position + 5 * camera.cam_from_world.row(2).transpose();
  const double half = camera.cx / camera.fx;
  const double degrees = (camera.lens == Lens::kBrown ? std::atan(half) : half) * 360 / M_PI;
  const auto point = [](const Vector3& p) {
    return fmt::format("[{}, {}, {}]", p.x(), p.y(), p.z());
  };
  return fmt::format(
      "  - name: {}\n    at: {}\n    looks_at: {}\n    degrees: {}\n    width: {}\n"
      "    height: {}\n    fps: {}\n    lens: {}\n    k: [{}]\n",
      camera.name, point(camera.position), point(target), degrees, camera.width, camera.height,
      camera.fps, camera.lens == Lens::kBrown ? "brown" : "fisheye", fmt::join(camera.k, ", "));
}

}  // namespace lido::geometry
