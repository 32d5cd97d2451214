// SPDX-License-Identifier: Apache-2.0
// COLMAP's models as text. It counts pixels from the corner of the first one, as Lido does.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "lido/base/utf8.h"
#include "lido/reconstruct/camera_files.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;
using geometry::Lens;

/// Places of a model's parameters. Distortion in the order of Camera::k; -1: always 0.
struct Model {
  std::string_view name;
  size_t parameters;
  int fx, fy, cx, cy;
  Lens lens;
  std::array<int, 5> k;
};
constexpr std::array kModels = {
    Model{"SIMPLE_PINHOLE", 3, 0, 0, 1, 2, Lens::kBrown, {-1, -1, -1, -1, -1}},
    Model{"PINHOLE", 4, 0, 1, 2, 3, Lens::kBrown, {-1, -1, -1, -1, -1}},
    Model{"SIMPLE_RADIAL", 4, 0, 0, 1, 2, Lens::kBrown, {3, -1, -1, -1, -1}},
    Model{"RADIAL", 5, 0, 0, 1, 2, Lens::kBrown, {3, 4, -1, -1, -1}},
    Model{"OPENCV", 8, 0, 1, 2, 3, Lens::kBrown, {4, 5, 6, 7, -1}},
    Model{"FULL_OPENCV", 12, 0, 1, 2, 3, Lens::kBrown, {4, 5, 6, 7, 8}},
    Model{"OPENCV_FISHEYE", 8, 0, 1, 2, 3, Lens::kFisheye, {4, 5, 6, 7, -1}},
};
/// Parameters of FULL_OPENCV beyond these, k4 to k6, have no place in Camera.
constexpr size_t kLastOfFull = 9;

struct Line {
  int number;
  std::vector<std::string_view> words;
};

/// Lines that are no comments, as words between blanks. Keeps empty lines.
std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('#')) continue;
    Line words{.number = number, .words = {}};
    for (size_t at = line.find_first_not_of(" \t\r"); at != std::string_view::npos;
         at = line.find_first_not_of(" \t\r")) {
      line.remove_prefix(at);
      const size_t length = std::min(line.find_first_of(" \t\r"), line.size());
      words.words.push_back(line.substr(0, length));
      line.remove_prefix(length);
    }
    lines.push_back(std::move(words));
  }
  return lines;
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (!is_number || !std::isfinite(value) || std::abs(value) > 1e9) return std::nullopt;
  return value;
}

/// Reads words from `first` on as numbers; no value where one is none.
std::optional<std::vector<double>> numbers(const Line& line, size_t first, size_t count) {
  std::vector<double> all;
  for (size_t i = first; i < first + count; ++i) {
    const auto value = i < line.words.size() ? number(line.words[i]) : std::nullopt;
    if (!value) return std::nullopt;
    all.push_back(*value);
  }
  return all;
}

std::unexpected<Error> refuse(const std::string& file, const Line& line, std::string_view wanted) {
  return fail(ErrorCode::kInvalidArgument, "{}:{}: want {}", file, line.number, wanted);
}

Result<Camera> lens_of(const Line& line, const std::string& file) {
  if (line.words.size() < 5) return refuse(file, line, "CAMERA_ID MODEL WIDTH HEIGHT PARAMS...");
  const auto model = std::ranges::find(kModels, line.words[1], &Model::name);
  if (model == kModels.end()) {
    return refuse(file, line,
                  fmt::format("a camera model that Lido has, not {}: SIMPLE_PINHOLE, PINHOLE, "
                              "SIMPLE_RADIAL, RADIAL, OPENCV, FULL_OPENCV or OPENCV_FISHEYE",
                              escape_bytes(line.words[1])));
  }
  const auto size = numbers(line, 2, 2);
  const auto p = numbers(line, 4, model->parameters);
  const auto is_side = [](double side) {
    return side >= 2 && side <= 16384 && side == std::floor(side);
  };
  if (!size || !is_side((*size)[0]) || !is_side((*size)[1]))
    return refuse(file, line, "width and height of 2 to 16384 pixels");
  if (!p || line.words.size() != 4 + model->parameters)
    return refuse(file, line, fmt::format("{} parameters of {}", model->parameters, model->name));
  Camera camera;
  camera.width = static_cast<int>((*size)[0]), camera.height = static_cast<int>((*size)[1]);
  const auto at = [&](int place) { return place < 0 ? 0 : (*p)[static_cast<size_t>(place)]; };
  camera.fx = at(model->fx), camera.fy = at(model->fy);
  camera.cx = at(model->cx), camera.cy = at(model->cy);
  if (!(camera.fx > 0 && camera.fy > 0)) return refuse(file, line, "focal lengths above 0");
  camera.lens = model->lens;
  for (size_t i = 0; i < camera.k.size(); ++i) camera.k[i] = at(model->k[i]);
  for (size_t i = kLastOfFull; i < p->size(); ++i) {
    if ((*p)[i] != 0) return refuse(file, line, "k4, k5 and k6 of 0: Lido has k1, k2, p1, p2, k3");
  }
  return camera;
}

/// Names a camera after its image: the stem of the image's name.
std::string name_of_image(std::string_view image) {
  const size_t slash = image.rfind('/');
  std::string_view stem = image.substr(slash == std::string_view::npos ? 0 : slash + 1);
  if (const size_t dot = stem.rfind('.'); dot != std::string_view::npos && dot > 0)
    stem = stem.substr(0, dot);
  return camera_name(stem);
}

Result<FileCamera> camera_of(const Line& line, const std::map<std::string, Camera>& lenses,
                             const std::string& file) {
  const auto pose = numbers(line, 1, 7);
  if (!pose || line.words.size() < 10)
    return refuse(file, line, "IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME");
  const auto lens = lenses.find(std::string(line.words[8]));
  if (lens == lenses.end())
    return refuse(file, line,
                  fmt::format("a camera of cameras.txt, not {}", escape_bytes(line.words[8])));
  Eigen::Quaterniond turn((*pose)[0], (*pose)[1], (*pose)[2], (*pose)[3]);
  constexpr double kRounding = 1e-3;  // files may have few digits
  if (std::abs(turn.norm() - 1) > kRounding) return refuse(file, line, "a quaternion of length 1");
  FileCamera out{.camera = lens->second};
  out.camera.name = name_of_image(line.words[9]);
  out.camera.cam_from_world = turn.normalized().toRotationMatrix();
  out.camera.position = -out.camera.cam_from_world.transpose() *
                        geometry::Vector3((*pose)[4], (*pose)[5], (*pose)[6]);
  return out;
}

}  // namespace

Result<std::vector<FileCamera>> read_colmap(std::string_view cameras, std::string_view images,
                                            const std::string& file) {
  std::map<std::string, Camera> lenses;
  for (const Line& line : lines_of(cameras)) {
    if (line.words.empty()) continue;
    lenses[std::string(line.words[0])] = LIDO_TRY(lens_of(line, file + "/cameras.txt"));
  }
  std::vector<FileCamera> out;
  bool is_pose = true;  // each image has a second line, of its points, which may be empty
  for (const Line& line : lines_of(images)) {
    if (is_pose && line.words.empty()) continue;
    if (is_pose) out.push_back(LIDO_TRY(camera_of(line, lenses, file + "/images.txt")));
    is_pose = !is_pose;
  }
  if (out.empty()) return fail(ErrorCode::kInvalidArgument, "{}/images.txt: no image", file);
  return out;
}

ColmapModel to_colmap(std::span<const Camera> cameras) {
  ColmapModel model{.cameras = "# CAMERA_ID MODEL WIDTH HEIGHT PARAMS[]\n",
                    .images =
                        "# IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME\n"
                        "# POINTS2D[] as X Y POINT3D_ID\n",
                    .points = "# POINT3D_ID X Y Z R G B ERROR TRACK[] as IMAGE_ID POINT2D_IDX\n"};
  int id = 0;
  for (const Camera& one : cameras) {
    ++id;
    const bool is_fisheye = one.lens == Lens::kFisheye;
    const auto& k = one.k;
    model.cameras += fmt::format("{} {} {} {} {} {} {} {} {} {} {} {}{}\n", id,
                                 is_fisheye ? "OPENCV_FISHEYE" : "FULL_OPENCV", one.width,
                                 one.height, one.fx, one.fy, one.cx, one.cy, k[0], k[1], k[2], k[3],
                                 is_fisheye ? std::string() : fmt::format(" {} 0 0 0", k[4]));
    const Eigen::Quaterniond q(one.cam_from_world);
    const geometry::Vector3 t = -one.cam_from_world * one.position;
    model.images += fmt::format("{} {} {} {} {} {} {} {} {} {}.png\n\n", id, q.w(), q.x(), q.y(),
                                q.z(), t.x(), t.y(), t.z(), id, one.name);
  }
  return model;
}

}  // namespace lido::reconstruct
