// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/camera.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "lido/base/json_text.h"

namespace lido::geometry {
namespace {

/// Keys of a camera in scene.yaml and site.yaml. The simulated sensor's, from "noise" on, are read
/// by lido::synth.
const std::vector<std::string_view> kCameraKeys = {"name",
                                                   "source",
                                                   "at",
                                                   "looks_at",
                                                   "degrees",
                                                   "width",
                                                   "height",
                                                   "fps",
                                                   "lens",
                                                   "k",
                                                   "roll_deg",
                                                   "intrinsics",
                                                   "distortion",
                                                   "cam_from_world",
                                                   "port_m",
                                                   "clock",
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
                                                   "overlay",
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

/// Whether the distorted radius grows all the way to a field, by a bound: its slope with every
/// positive coefficient left out, which falls with the field.
bool surely_grows(const Camera& camera, double field) {
  const double u = field * field;
  const auto fall = [&](size_t i) { return std::min(camera.k[i], 0.0); };
  if (camera.lens == Lens::kBrown)
    return 1 + u * (3 * fall(0) + u * (5 * fall(1) + u * 7 * fall(4))) > 0;
  return 1 + u * (3 * fall(0) + u * (5 * fall(1) + u * (7 * fall(2) + u * 9 * fall(3)))) > 0;
}

/// Whether a ray so far off the axis is beyond the lens's field. Coarser and faster than comparing
/// with max_field().
bool folds_before(const Camera& camera, double field) {
  if (field > considered_field(camera)) return true;
  if (surely_grows(camera, field)) return false;
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

/// Names of the distortion models and their coefficients, in the order of Lens and Camera::k.
struct DistortionModel {
  std::string_view name;
  std::vector<std::string_view> coefficients;
};
const std::array<DistortionModel, 2> kDistortions = {
    {{"opencv_brown", {"k1", "k2", "p1", "p2", "k3"}},
     {"opencv_fisheye", {"k1", "k2", "k3", "k4"}}}};

const DistortionModel& distortion_of(Lens lens) { return kDistortions[static_cast<size_t>(lens)]; }

Result<void> read_distortion(const Yaml& node, Camera& camera) {
  const std::string model =
      LIDO_TRY(node["model"].choice({kDistortions[0].name, kDistortions[1].name}));
  camera.lens = model == kDistortions[0].name ? Lens::kBrown : Lens::kFisheye;
  const auto& names = distortion_of(camera.lens).coefficients;
  std::vector<std::string_view> keys = {"model"};
  keys.insert(keys.end(), names.begin(), names.end());
  LIDO_TRY(node.check_keys(keys));
  for (size_t i = 0; i < names.size(); ++i)
    camera.k[i] = LIDO_TRY(node[names[i]].number_or(0, -2, 2));
  return {};
}

Result<void> read_intrinsics(const Yaml& node, Camera& camera) {
  const auto four = LIDO_TRY(node.list());
  if (four.size() != 4) return node.refuse("four numbers, pixels: [fx, fy, cx, cy]");
  constexpr double kMax_px = 1e5;
  camera.fx = LIDO_TRY(four[0].number(1, kMax_px));
  camera.fy = LIDO_TRY(four[1].number(1, kMax_px));
  camera.cx = LIDO_TRY(four[2].number(0, camera.width));
  camera.cy = LIDO_TRY(four[3].number(0, camera.height));
  return {};
}

Result<void> read_lens(const Yaml& node, Camera& camera) {
  for (const auto& [key, other] : {std::pair("intrinsics", "degrees"),
                                   std::pair("distortion", "lens"), std::pair("distortion", "k")}) {
    if (node[key].has_value() && node[other].has_value())
      return node[other].refuse(fmt::format("no {} beside {}", other, key));
  }
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
  if (node["intrinsics"].has_value()) LIDO_TRY(read_intrinsics(node["intrinsics"], camera));
  if (node["distortion"].has_value()) LIDO_TRY(read_distortion(node["distortion"], camera));
  if (camera.distorted_radius(camera.max_field()) < camera.corner_radius())
    return node[node["distortion"].has_value() ? "distortion"
                : node["k"].has_value()        ? "k"
                                               : "degrees"]
        .refuse("a lens that does not fold back inside the image");
  return {};
}

/// Reads [R | t], OpenCV's pose of a camera.
Result<void> read_matrix(const Yaml& node, Camera& camera) {
  const std::string wanted = "three rows of four numbers, [R | t], with a rotation R";
  const auto rows = LIDO_TRY(node.list());
  if (rows.size() != 3) return node.refuse(wanted);
  Vector3 translation;
  for (Eigen::Index i = 0; i < 3; ++i) {
    const auto cells = LIDO_TRY(rows[static_cast<size_t>(i)].list());
    if (cells.size() != 4) return node.refuse(wanted);
    for (Eigen::Index j = 0; j < 3; ++j)
      camera.cam_from_world(i, j) = LIDO_TRY(cells[static_cast<size_t>(j)].number(-1.001, 1.001));
    translation[i] = LIDO_TRY(cells[3].number(-1000, 1000));
  }
  // Files have a few digits: the nearest rotation is meant.
  constexpr double kMaxError = 1e-3;
  const Eigen::Matrix3d& r = camera.cam_from_world;
  if ((r * r.transpose() - Eigen::Matrix3d::Identity()).norm() > kMaxError || r.determinant() < 0)
    return node.refuse(wanted);
  camera.cam_from_world = Eigen::Quaterniond(r).normalized().toRotationMatrix();
  camera.position = -camera.cam_from_world.transpose() * translation;
  return {};
}

/// Refuses a camera in the waterline, in the wall, under the deck or under the floor.
Result<void> check_place(const Yaml& node, const Camera& camera, const Pool& pool) {
  const Vector3& at = camera.position;
  const bool over_basin = pool.is_water({at.x(), at.y()});
  constexpr double kMinHeight_m = 0.2, kMinDepth_m = 0.05;
  if (at.z() <= kMinHeight_m && at.z() > -kMinDepth_m)
    return node.refuse("a camera at least 0.2 m above the water, or 0.05 m under it");
  if (at.z() < pool.freeboard_m + 0.1 && !over_basin)
    return node.refuse("a camera that is not in the wall or under the deck");
  if (at.z() < 0 && -at.z() > pool.depth_m({at.x(), at.y()}))
    return node.refuse("a camera over the basin's floor");
  return {};
}

Result<CameraClock> read_clock(const Yaml& node) {
  CameraClock clock;
  if (const Yaml given = node["clock"]; given.has_value()) {
    LIDO_TRY(given.check_keys({"offset_s", "drift_ppm", "reference"}));
    for (const char* old : {"clock_offset_s", "clock_drift_ppm"}) {
      if (node[old].has_value()) return node[old].refuse(fmt::format("no {} beside clock", old));
    }
    if (given["reference"].has_value()) clock.reference = LIDO_TRY(given["reference"].text());
    clock.offset_s = LIDO_TRY(given["offset_s"].number_or(0, -3600, 3600));
    clock.drift_ppm = LIDO_TRY(given["drift_ppm"].number_or(0, -500, 500));
  } else {
    clock.offset_s = LIDO_TRY(node["clock_offset_s"].number_or(0, -3600, 3600));
    clock.drift_ppm = LIDO_TRY(node["clock_drift_ppm"].number_or(0, -500, 500));
  }
  return clock;
}

/// Where the camera is and looks, and how large its images are.
/// @param level_z  Height of the water in the file's axes; 0 in the pool's and the camera's.
Result<Camera> read_pose(const Yaml& node, const Pool& pool, double level_z) {
  const auto width = LIDO_TRY(node["width"].number_or(640, 64, 4096));
  const auto height = LIDO_TRY(node["height"].number_or(360, 64, 4096));
  if (std::fmod(width, 2) != 0) return node["width"].refuse("an even number");
  if (std::fmod(height, 2) != 0) return node["height"].refuse("an even number");
  const auto degrees = LIDO_TRY(node["degrees"].number_or(80, 5, 150));
  const auto make = [&](const Vector3& at, const Vector3& target) {
    return look_at(at, target, degrees, static_cast<int>(width), static_cast<int>(height));
  };
  if (const Yaml pose = node["cam_from_world"]; pose.has_value()) {
    for (const char* other : {"at", "looks_at", "roll_deg"}) {
      if (node[other].has_value())
        return node[other].refuse(fmt::format("no {} beside cam_from_world", other));
    }
    Camera camera = make({0, 0, 1}, {1, 0, 0});
    LIDO_TRY(read_matrix(pose, camera));
    camera.position.z() -= level_z;
    LIDO_TRY(check_place(pose, camera, pool));
    return camera;
  }
  const Vector3 at = LIDO_TRY(read_position(node["at"]));
  const Vector3 target = LIDO_TRY(read_position(node["looks_at"]));
  const Vector3 ahead = target - at;
  if (std::hypot(ahead.x(), ahead.y()) < 1e-3)
    return node["looks_at"].refuse("a point that is not straight under the camera");
  Camera camera = make(at, target);
  camera.position.z() -= level_z;
  LIDO_TRY(check_place(node["at"], camera, pool));
  const double roll_deg = LIDO_TRY(node["roll_deg"].number_or(0, -180, 180));
  roll(camera, roll_deg * M_PI / 180);
  return camera;
}

}  // namespace

double Camera::distorted_radius(double field) const {
  return lens == Lens::kBrown ? field * brown_factor(k, field * field) : fisheye_radius(k, field);
}

double Camera::corner_radius() const {
  return std::hypot(std::max(cx, width - cx) / fx, std::max(cy, height - cy) / fy);
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

bool Camera::shows(const Vector3& p) const {
  if (!(p.z() > 1e-6)) return false;
  const double r = std::sqrt(p.x() * p.x() + p.y() * p.y()) / p.z();
  return !folds_before(*this, lens == Lens::kBrown ? r : std::atan(r));
}

std::optional<Eigen::Vector2d> Camera::project_from_camera(const Vector3& p) const {
  if (!shows(p)) return std::nullopt;
  double x = p.x() / p.z(), y = p.y() / p.z();
  const double r = std::sqrt(x * x + y * y);
  if (lens == Lens::kBrown) {
    const double factor = brown_factor(k, r * r), xy = x * y;
    const double distorted_x = x * factor + 2 * k[2] * xy + k[3] * (r * r + 2 * x * x);
    y = y * factor + k[2] * (r * r + 2 * y * y) + 2 * k[3] * xy;
    x = distorted_x;
  } else if (r > 0) {
    const double factor = fisheye_radius(k, std::atan(r)) / r;
    x *= factor;
    y *= factor;
  }
  return Eigen::Vector2d(fx * x + cx, fy * y + cy);
}

std::optional<Eigen::Vector2d> Camera::project(const Vector3& point_in_world) const {
  return project_from_camera(cam_from_world * (point_in_world - position));
}

std::optional<Eigen::Vector2d> Camera::project_through_water(const Vector3& point_in_world) const {
  if (is_under_water()) {
    const Vector3 p = cam_from_world * (point_in_world - position);
    if (p.z() <= port_m + 1e-6) return std::nullopt;
    // The port is a flat surface between air and water, seen along the optical axis.
    const Vector3 on = refract_at_flat_surface(Vector3(0, 0, port_m),
                                               Vector3(p.x(), p.y(), port_m - p.z()), water_index);
    return project_from_camera({on.x(), on.y(), port_m});
  }
  if (point_in_world.z() >= 0) return project(point_in_world);
  return project(refract_at_flat_surface(position, point_in_world, water_index));
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

void roll(Camera& camera, double angle_rad) {
  camera.cam_from_world =
      Eigen::AngleAxisd(angle_rad, Vector3::UnitZ()).toRotationMatrix() * camera.cam_from_world;
}

Result<Camera> read_camera(const Yaml& node, const Pool& pool, size_t number, double level_z) {
  LIDO_TRY(node.check_keys(kCameraKeys));
  Camera camera = LIDO_TRY(read_pose(node, pool, level_z));
  camera.name =
      node["name"].has_value() ? LIDO_TRY(node["name"].text()) : fmt::format("cam{}", number);
  if (camera.name.empty() ||
      camera.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != std::string::npos)
    return node["name"].refuse("a name of lower-case letters, digits, _ and -");
  if (node["source"].has_value()) camera.source = LIDO_TRY(node["source"].text());
  camera.fps = LIDO_TRY(node["fps"].number_or(25, 1, 60));
  LIDO_TRY(read_lens(node, camera));
  if (node["port_m"].has_value() && !camera.is_under_water())
    return node["port_m"].refuse("no port for a camera above the water");
  camera.port_m = LIDO_TRY(node["port_m"].number_or(camera.port_m, 0.001, 0.5));
  camera.clock = LIDO_TRY(read_clock(node));
  return camera;
}

std::string to_yaml(const Camera& camera) {
  std::string text = fmt::format(
      "  - name: {}\n    width: {}\n    height: {}\n    fps: {}\n"
      "    intrinsics: [{}, {}, {}, {}]\n",
      camera.name, camera.width, camera.height, camera.fps, camera.fx, camera.fy, camera.cx,
      camera.cy);
  // Text of JSON is text of YAML.
  if (!camera.source.empty())
    text += fmt::format("    source: {}\n", json_text(nlohmann::ordered_json(camera.source)));
  const DistortionModel& model = distortion_of(camera.lens);
  text += fmt::format("    distortion: {{model: {}", model.name);
  for (size_t i = 0; i < model.coefficients.size(); ++i)
    text += fmt::format(", {}: {}", model.coefficients[i], camera.k[i]);
  text += "}\n    cam_from_world:\n";
  const Vector3 translation = -camera.cam_from_world * camera.position;
  for (Eigen::Index i = 0; i < 3; ++i)
    text += fmt::format("      - [{}, {}, {}, {}]\n", camera.cam_from_world(i, 0),
                        camera.cam_from_world(i, 1), camera.cam_from_world(i, 2), translation[i]);
  if (camera.is_under_water()) text += fmt::format("    port_m: {}\n", camera.port_m);
  return text + fmt::format("    clock: {{offset_s: {}, drift_ppm: {}, reference: {}}}\n",
                            camera.clock.offset_s, camera.clock.drift_ppm, camera.clock.reference);
}

}  // namespace lido::geometry
