// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/camera_files.h"

#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "lido/base/utf8.h"
#include "lido/base/yaml.h"
#include "lido/storage/store.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;
using geometry::Lens;
using geometry::Vector3;

constexpr int64_t kMaxText = int64_t{64} << 20;
constexpr int kMaxSide = 16384;
constexpr double kMaxNumber = 1e9;

/// Sets the distortion, in OpenCV's order.
/// @return Whether the lens model has these coefficients: those beyond k3 must be 0.
bool set_distortion(Camera& camera, Lens lens, std::span<const double> coefficients) {
  const size_t known = lens == Lens::kFisheye ? 4 : 5;
  for (size_t i = known; i < coefficients.size(); ++i) {
    if (coefficients[i] != 0) return false;
  }
  camera.lens = lens;
  camera.k = {};
  for (size_t i = 0; i < std::min(known, coefficients.size()); ++i) camera.k[i] = coefficients[i];
  return true;
}

/// Sets the lens of a 3 x 3 matrix by rows. OpenCV counts pixels from the middle of the first one.
/// @return Whether it is a matrix of a camera without skew.
bool set_matrix(Camera& camera, std::span<const double> m) {
  const bool is_camera = m.size() == 9 && m[0] > 0 && m[4] > 0 && m[1] == 0 && m[3] == 0 &&
                         m[6] == 0 && m[7] == 0 && m[8] == 1;
  if (!is_camera) return false;
  camera.fx = m[0], camera.fy = m[4];
  camera.cx = m[2] + 0.5, camera.cy = m[5] + 0.5;
  return true;
}

/// Sets the pose of x_camera = rotation * x_world + translation.
void set_pose(Camera& camera, const Eigen::Matrix3d& rotation, const Vector3& translation) {
  camera.cam_from_world = rotation;
  camera.position = -rotation.transpose() * translation;
}

Eigen::Matrix3d rotation_of(const Vector3& vector) {
  const double angle = vector.norm();
  if (angle == 0) return Eigen::Matrix3d::Identity();
  return Eigen::AngleAxisd(angle, vector / angle).toRotationMatrix();
}

/// One table of a TOML file.
class CameraTable {
 public:
  CameraTable(const toml::table& table, std::string name, const std::string& file)
      : table_(table), name_(std::move(name)), file_(file) {}

  Result<FileCamera> read() const {
    FileCamera out;
    Camera& camera = out.camera;
    camera.name = camera_name(table_["name"].value<std::string>().value_or(name_));
    const auto size = LIDO_TRY(numbers("size", 2));
    if (std::ranges::any_of(size, [](double side) { return !(side >= 2 && side <= kMaxSide); }))
      return refuse("size", fmt::format("width and height of 2 to {} pixels", kMaxSide));
    camera.width = static_cast<int>(size[0]), camera.height = static_cast<int>(size[1]);
    if (!set_matrix(camera, LIDO_TRY(numbers("matrix", 9))))
      return refuse("matrix",
                    "a camera matrix without skew: [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]");
    const bool is_fisheye = table_["fisheye"].value<bool>().value_or(false);
    const auto distortion = LIDO_TRY(numbers("distortions", 0));
    if (!set_distortion(camera, is_fisheye ? Lens::kFisheye : Lens::kBrown, distortion))
      return refuse("distortions", is_fisheye ? "k1 to k4" : "k1, k2, p1, p2, k3");
    const auto rotation = LIDO_TRY(numbers("rotation", 3));
    const auto translation = LIDO_TRY(numbers("translation", 3));
    set_pose(camera, rotation_of({rotation[0], rotation[1], rotation[2]}),
             {translation[0], translation[1], translation[2]});
    return out;
  }

 private:
  /// Reads a list of numbers, or of lists of numbers.
  /// @param count  Wanted length; 0 for any of 14 or fewer, as OpenCV has at most.
  Result<std::vector<double>> numbers(const char* key, size_t count) const {
    std::vector<double> all;
    const auto add = [&](const toml::node& node) {
      const auto value = node.value<double>();
      if (value && std::abs(*value) <= kMaxNumber) all.push_back(*value);
      return value && std::abs(*value) <= kMaxNumber;
    };
    bool is_good = table_[key].is_array();
    if (is_good) {
      for (const toml::node& node : *table_[key].as_array()) {
        if (const toml::array* row = node.as_array()) {
          for (const toml::node& inner : *row) is_good = is_good && add(inner);
        } else {
          is_good = is_good && add(node);
        }
      }
    }
    if (!is_good || (count > 0 ? all.size() != count : all.size() > 14))
      return refuse(key, count > 0 ? fmt::format("{} numbers", count) : "up to 14 numbers");
    return all;
  }

  std::unexpected<Error> refuse(const char* key, std::string_view wanted) const {
    const toml::node_view found = table_[key];
    const auto line = found ? found.node()->source().begin.line : table_.source().begin.line;
    return fail(ErrorCode::kInvalidArgument, "{}:{}: {} of camera {}{}, want {}", file_, line, key,
                escape_bytes(name_), found ? "" : " is missing", wanted);
  }

  const toml::table& table_;
  std::string name_;
  const std::string& file_;
};

/// A list of numbers of OpenCV (rows, cols, dt, data), of ROS (rows, cols, data), or plain.
Result<std::vector<double>> matrix_of(const Yaml& node) {
  const Yaml data = node.is_map() ? node["data"] : node;
  std::vector<double> all;
  for (const Yaml& one : LIDO_TRY(data.list()))
    all.push_back(LIDO_TRY(one.number(-kMaxNumber, kMaxNumber)));
  return all;
}

/// Reads the pose of a file of OpenCV.
/// @return False where the file has none.
Result<bool> read_opencv_pose(const Yaml& root, Camera& camera) {
  const Yaml rotation = root["rvec"].has_value() ? root["rvec"] : root["rotation"];
  const Yaml translation = root["tvec"].has_value() ? root["tvec"] : root["translation"];
  if (!rotation.has_value() && !translation.has_value()) return false;
  const auto r = LIDO_TRY(matrix_of(rotation)), t = LIDO_TRY(matrix_of(translation));
  if (t.size() != 3) return translation.refuse("3 numbers");
  const Vector3 shift(t[0], t[1], t[2]);
  if (r.size() == 3) {
    set_pose(camera, rotation_of({r[0], r[1], r[2]}), shift);
    return true;
  }
  if (r.size() != 9) return rotation.refuse("a rotation of 3 or 3 x 3 numbers");
  Eigen::Matrix3d matrix;
  matrix << r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8];
  constexpr double kRounding = 1e-4;  // files may have few digits
  if (!(matrix * matrix.transpose()).isIdentity(kRounding) || matrix.determinant() < 0)
    return rotation.refuse("a rotation matrix");
  set_pose(camera, Eigen::Quaterniond(matrix).normalized().toRotationMatrix(), shift);
  return true;
}

/// Writes a matrix as OpenCV's FileStorage does.
std::string opencv_matrix(const char* key, int rows, std::span<const double> values) {
  return fmt::format("{}: !!opencv-matrix\n   rows: {}\n   cols: {}\n   dt: d\n   data: [ {} ]\n",
                     key, rows, std::ssize(values) / rows, fmt::join(values, ", "));
}

}  // namespace

std::string camera_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool is_allowed = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') ||
                            lower == '_' || lower == '-';
    name += is_allowed ? lower : '-';
  }
  return name;
}

Result<std::vector<FileCamera>> read_camera_toml(std::string_view text, const std::string& file) {
  toml::table root;
  try {
    root = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::kInvalidArgument, "{}:{}: no TOML: {}", file, error.source().begin.line,
                escape_bytes(error.description()));
  }
  std::vector<FileCamera> cameras;
  for (const auto& [key, node] : root) {
    // Other tables hold remarks: metadata of Anipose and Pose2Sim.
    const toml::table* table = node.as_table();
    if (table == nullptr || !table->contains("matrix")) continue;
    cameras.push_back(LIDO_TRY(CameraTable(*table, std::string(key.str()), file).read()));
  }
  if (cameras.empty())
    return fail(ErrorCode::kInvalidArgument,
                "{}: no camera, want tables with size, matrix, distortions, rotation, translation",
                file);
  return cameras;
}

Result<std::vector<FileCamera>> read_opencv_camera(std::string_view text, const std::string& file,
                                                   const std::string& name) {
  // OpenCV writes %YAML:1.0, which is no YAML, and types of its own.
  std::string plain(text.starts_with("%YAML") ? text.substr(std::min(text.find('\n'), text.size()))
                                              : text);
  for (size_t at = plain.find("!!opencv-matrix"); at != std::string::npos;
       at = plain.find("!!opencv-matrix", at))
    plain.replace(at, 15, 15, ' ');
  const Yaml root = LIDO_TRY(Yaml::parse(plain, file));
  if (!root.is_map()) return root.refuse("a map with image_width, image_height, camera_matrix");
  FileCamera out;
  const Yaml named = root["camera_name"];
  out.camera.name = camera_name(named.has_value() ? LIDO_TRY(named.text()) : name);
  out.camera.width = static_cast<int>(LIDO_TRY(root["image_width"].integer(2, kMaxSide)));
  out.camera.height = static_cast<int>(LIDO_TRY(root["image_height"].integer(2, kMaxSide)));
  if (!set_matrix(out.camera, LIDO_TRY(matrix_of(root["camera_matrix"]))))
    return root["camera_matrix"].refuse("9 numbers of a camera without skew");
  const Yaml model = root["distortion_model"];
  const bool is_fisheye =
      model.has_value() &&
      LIDO_TRY(model.choice({"plumb_bob", "rational_polynomial", "equidistant", "fisheye"})) !=
          "plumb_bob" &&
      LIDO_TRY(model.text()) != "rational_polynomial";
  const Yaml coefficients = root["distortion_coefficients"];
  if (coefficients.has_value() &&
      !set_distortion(out.camera, is_fisheye ? Lens::kFisheye : Lens::kBrown,
                      LIDO_TRY(matrix_of(coefficients))))
    return coefficients.refuse(is_fisheye ? "k1 to k4" : "k1, k2, p1, p2, k3");
  out.has_pose = LIDO_TRY(read_opencv_pose(root, out.camera));
  return std::vector{out};
}

Result<std::vector<FileCamera>> read_cameras(const std::string& uri) {
  const std::string place = storage::absolute(uri);
  const size_t slash = place.rfind('/');
  const std::string base = place.substr(slash + 1);
  if (base.ends_with(".toml") || base.ends_with(".yaml") || base.ends_with(".yml")) {
    const auto store = LIDO_TRY(storage::open_store(place.substr(0, slash)));
    const std::string text = LIDO_TRY(store->read_text(base, kMaxText));
    if (!is_utf8(text)) return fail(ErrorCode::kInvalidArgument, "{}: not text in UTF-8", uri);
    if (base.ends_with(".toml")) return read_camera_toml(text, uri);
    return read_opencv_camera(text, uri, base.substr(0, base.rfind('.')));
  }
  const auto store = LIDO_TRY(storage::open_store(place));
  if (!LIDO_TRY(store->exists("cameras.txt")))
    return fail(
        ErrorCode::kInvalidArgument,
        "{}: no cameras: want a .toml, a .yaml, or a folder with cameras.txt and images.txt "
        "of COLMAP",
        uri);
  return read_colmap(LIDO_TRY(store->read_text("cameras.txt", kMaxText)),
                     LIDO_TRY(store->read_text("images.txt", kMaxText)), uri);
}

std::string to_opencv(const Camera& camera) {
  const Eigen::AngleAxisd turn(camera.cam_from_world);
  const Vector3 vector = turn.angle() * turn.axis();
  const Vector3 translation = -camera.cam_from_world * camera.position;
  const size_t known = camera.lens == Lens::kFisheye ? 4 : 5;
  return fmt::format(
             "%YAML:1.0\n---\ncamera_name: {}\nimage_width: {}\nimage_height: {}\n"
             "distortion_model: {}\n",
             camera.name, camera.width, camera.height,
             camera.lens == Lens::kFisheye ? "equidistant" : "plumb_bob") +
         opencv_matrix("camera_matrix", 3,
                       std::array<double, 9>{camera.fx, 0, camera.cx - 0.5, 0, camera.fy,
                                             camera.cy - 0.5, 0, 0, 1}) +
         opencv_matrix("distortion_coefficients", 1, std::span(camera.k).first(known)) +
         opencv_matrix("rvec", 3, {vector.data(), 3}) +
         opencv_matrix("tvec", 3, {translation.data(), 3});
}

}  // namespace lido::reconstruct
