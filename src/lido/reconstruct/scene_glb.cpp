// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/scene_glb.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <span>

#include "lido/base/json_text.h"

namespace lido::reconstruct {
namespace {

using Json = nlohmann::ordered_json;

// Constants of the format.
constexpr int kFloat = 5126, kUnsignedShort = 5123, kUnsignedByte = 5121;
constexpr int kLineLoop = 2, kTriangles = 4;
constexpr uint32_t kMagic = 0x46546C67, kJsonChunk = 0x4E4F534A, kBinaryChunk = 0x004E4942;

constexpr double kJointRadius_m = 0.03, kLimbRadius_m = 0.012;
constexpr double kNear_m = 0.05;

/// Joints with a limb between them; the limbs connect all joints.
constexpr std::array<std::pair<uint8_t, uint8_t>, 18> kLimbs = {{{0, 1},
                                                                 {0, 2},
                                                                 {1, 3},
                                                                 {2, 4},
                                                                 {0, 5},
                                                                 {0, 6},
                                                                 {5, 6},
                                                                 {5, 7},
                                                                 {7, 9},
                                                                 {6, 8},
                                                                 {8, 10},
                                                                 {5, 11},
                                                                 {6, 12},
                                                                 {11, 12},
                                                                 {11, 13},
                                                                 {13, 15},
                                                                 {12, 14},
                                                                 {14, 16}}};

/// A point of the pool's axes in those of glTF, y up.
Eigen::Vector3d y_up(const geometry::Vector3& point) { return {point.x(), point.z(), -point.y()}; }

/// For each joint, the found joint that is fewest limbs away; itself where it was found.
std::array<size_t, kJoints> nearest_found(const std::array<Joint, kJoints>& joints) {
  std::array<size_t, kJoints> source{};
  std::array<size_t, kJoints> limbs_away{};
  for (size_t i = 0; i < kJoints; ++i) {
    source[i] = i;
    limbs_away[i] = joints[i].is_found() ? 0 : kJoints;
  }
  for (size_t pass = 0; pass < kJoints; ++pass) {
    for (const auto& [a, b] : kLimbs) {
      for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
        if (limbs_away[from] + 1 >= limbs_away[to]) continue;
        limbs_away[to] = limbs_away[from] + 1;
        source[to] = source[from];
      }
    }
  }
  return source;
}

/// Colours of people whose numbers follow each other differ: hues a golden section apart.
Json colour_of(int64_t person) {
  const double hue = std::fmod(static_cast<double>(person) * (std::numbers::phi - 1), 1.0);
  Json colour = Json::array();
  for (const double shift : {0.0, 2.0 / 3, 1.0 / 3}) {
    const double distance = std::abs(std::fmod(hue + shift, 1.0) * 6 - 3);
    colour.push_back(std::clamp(distance - 1, 0.1, 0.9));
  }
  colour.push_back(1.0);
  return colour;
}

class Writer {
 public:
  explicit Writer(double rate_hz) : rate_hz_(rate_hz) {
    root_["asset"] = {{"version", "2.0"}, {"generator", "lido reconstruct"}};
    root_["scene"] = 0;
    for (const char* list : {"nodes", "meshes", "materials", "accessors", "bufferViews"})
      root_[list] = Json::array();
    root_["scenes"] = Json::array({{{"nodes", Json::array()}}});
  }

  void add_pool(const geometry::Pool& pool) {
    std::vector<float> rim, floor;
    for (const geometry::Point& corner : pool.outline) {
      append(rim, y_up({corner.x, corner.y, 0}));
      append(floor, y_up({corner.x, corner.y, -pool.basin_m(corner.x)}));
    }
    add_loop("water", rim, {0.1, 0.5, 0.9, 1.0});
    add_loop("floor", floor, {0.5, 0.5, 0.5, 1.0});
  }

  void add_camera(const geometry::Camera& camera) {
    const double half_height = camera.height / (2 * camera.fy);
    const double half_width = camera.width / (2 * camera.fx);
    root_["cameras"].push_back({{"type", "perspective"},
                                {"name", camera.name},
                                {"perspective",
                                 {{"aspectRatio", half_width / half_height},
                                  {"yfov", 2 * std::atan(half_height)},
                                  {"znear", kNear_m}}}});
    // A camera of glTF looks along -z and has y up.
    Eigen::Matrix3d world_from_cam;
    for (int axis = 0; axis < 3; ++axis) {
      const double sign = axis == 0 ? 1 : -1;
      world_from_cam.col(axis) = sign * y_up(camera.cam_from_world.row(axis).transpose());
    }
    const Eigen::Quaterniond turn = Eigen::Quaterniond(world_from_cam).normalized();
    add_root({{"name", camera.name},
              {"camera", root_["cameras"].size() - 1},
              {"translation", list_of(y_up(camera.position))},
              {"rotation", {turn.x(), turn.y(), turn.z(), turn.w()}}});
  }

  void add_person(int64_t id, std::span<const int64_t> moments, std::span<const float> positions) {
    const std::string name = "person_" + std::to_string(id);
    const size_t material = add_material(name, colour_of(id));
    const size_t ball = add_ball(material), person = root_["nodes"].size();
    Json joints = Json::array();
    for (size_t joint = 0; joint < kJoints; ++joint) joints.push_back(person + 1 + joint);
    add_root({{"name", name}, {"children", joints}});
    const size_t times = add_times(moments);
    for (size_t joint = 0; joint < kJoints; ++joint) {
      std::vector<float> path;
      for (size_t i = 0; i < moments.size(); ++i) {
        const auto* at = &positions[3 * (i * kJoints + joint)];
        path.insert(path.end(), at, at + 3);
      }
      root_["nodes"].push_back({{"name", name + "/" + std::string(kJointNames[joint])},
                                {"mesh", ball},
                                {"translation", {path[0], path[1], path[2]}}});
      animate(person + 1 + joint, "translation", times, add_floats(path, 3), "LINEAR");
    }
    add_presence(person, moments);
    root_["skins"].push_back({{"skeleton", person}, {"joints", joints}});
    add_root({{"name", name + "/limbs"},
              {"mesh", add_limbs(material)},
              {"skin", root_["skins"].size() - 1}});
  }

  Result<std::string> finish() {
    if (!animation_["channels"].empty()) root_["animations"].push_back(animation_);
    binary_.resize((binary_.size() + 3) / 4 * 4, '\0');
    root_["buffers"] = Json::array({{{"byteLength", binary_.size()}}});
    std::string text = json_text(root_);
    text.resize((text.size() + 3) / 4 * 4, ' ');
    const uint64_t size = 12 + 8 + uint64_t{text.size()} + 8 + uint64_t{binary_.size()};
    if (size > UINT32_MAX) {
      return fail(ErrorCode::kInvalidArgument,
                  "scene.glb would have {} bytes, want at most 4 GiB; use a lower rate", size);
    }
    std::string out;
    for (const uint64_t word :
         {uint64_t{kMagic}, uint64_t{2}, size, uint64_t{text.size()}, uint64_t{kJsonChunk}})
      put(out, word, 4);
    out += text;
    put(out, binary_.size(), 4);
    put(out, kBinaryChunk, 4);
    return out + binary_;
  }

 private:
  static void put(std::string& to, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) to += static_cast<char>(value >> (8 * i) & 0xff);
  }
  static void append(std::vector<float>& to, const Eigen::Vector3d& point) {
    for (int i = 0; i < 3; ++i) to.push_back(static_cast<float>(point[i]));
  }
  /// Appends the corners at -x, x, -y, y, -z, z.
  static void append_octahedron(std::vector<float>& to, double radius) {
    for (int axis = 0; axis < 3; ++axis) {
      for (const double side : {-radius, radius}) append(to, side * Eigen::Vector3d::Unit(axis));
    }
  }
  static Json list_of(const Eigen::Vector3d& point) { return {point.x(), point.y(), point.z()}; }

  void add_root(Json node) {
    root_["scenes"][0]["nodes"].push_back(root_["nodes"].size());
    root_["nodes"].push_back(std::move(node));
  }

  /// Begins a view of the binary part; what is appended until the next one belongs to it.
  size_t begin_view() {
    binary_.resize((binary_.size() + 3) / 4 * 4, '\0');
    root_["bufferViews"].push_back({{"buffer", 0}, {"byteOffset", binary_.size()}});
    return root_["bufferViews"].size() - 1;
  }
  size_t end_view(size_t view, int component, size_t count, const char* type) {
    auto& one = root_["bufferViews"][view];
    one["byteLength"] = binary_.size() - one["byteOffset"].get<size_t>();
    root_["accessors"].push_back(
        {{"bufferView", view}, {"componentType", component}, {"count", count}, {"type", type}});
    return root_["accessors"].size() - 1;
  }

  /// Adds an accessor of scalars or of vectors, with its bounds.
  size_t add_floats(std::span<const float> values, size_t width) {
    const size_t view = begin_view();
    std::vector<float> least(width, INFINITY), most(width, -INFINITY);
    for (size_t i = 0; i < values.size(); ++i) {
      put(binary_, std::bit_cast<uint32_t>(values[i]), 4);
      least[i % width] = std::min(least[i % width], values[i]);
      most[i % width] = std::max(most[i % width], values[i]);
    }
    const char* type = width == 1 ? "SCALAR" : width == 3 ? "VEC3" : "VEC4";
    const size_t accessor = end_view(view, kFloat, values.size() / width, type);
    root_["accessors"][accessor]["min"] = least;
    root_["accessors"][accessor]["max"] = most;
    return accessor;
  }
  size_t add_shorts(std::span<const uint16_t> values) {
    const size_t view = begin_view();
    for (const uint16_t one : values) put(binary_, one, 2);
    return end_view(view, kUnsignedShort, values.size(), "SCALAR");
  }
  size_t add_times(std::span<const int64_t> moments) {
    std::vector<float> times;
    times.reserve(moments.size());
    for (const int64_t one : moments)
      times.push_back(static_cast<float>(static_cast<double>(one) / rate_hz_));
    return add_floats(times, 1);
  }

  size_t add_material(const std::string& name, const Json& colour) {
    root_["materials"].push_back(
        {{"name", name},
         {"doubleSided", true},
         {"pbrMetallicRoughness",
          {{"baseColorFactor", colour}, {"metallicFactor", 0}, {"roughnessFactor", 1}}}});
    return root_["materials"].size() - 1;
  }
  size_t add_mesh(Json attributes, int mode, size_t material, std::optional<size_t> indices) {
    Json primitive = {
        {"attributes", std::move(attributes)}, {"mode", mode}, {"material", material}};
    if (indices) primitive["indices"] = *indices;
    root_["meshes"].push_back({{"primitives", Json::array({primitive})}});
    return root_["meshes"].size() - 1;
  }
  void add_loop(const std::string& name, std::span<const float> corners, const Json& colour) {
    const size_t material = add_material(name, colour);
    const size_t mesh =
        add_mesh({{"POSITION", add_floats(corners, 3)}}, kLineLoop, material, std::nullopt);
    add_root({{"name", name}, {"mesh", mesh}});
  }
  /// Adds an octahedron, which marks a joint.
  size_t add_ball(size_t material) {
    std::vector<float> corners;
    append_octahedron(corners, kJointRadius_m);
    // Corners: -x, x, -y, y, -z, z. Each face is counter-clockwise from outside.
    constexpr std::array<uint16_t, 24> kFaces = {1, 3, 5, 3, 0, 5, 0, 2, 5, 2, 1, 5,
                                                 3, 1, 4, 0, 3, 4, 2, 0, 4, 1, 2, 4};
    return add_mesh({{"POSITION", add_floats(corners, 3)}}, kTriangles, material,
                    add_shorts(kFaces));
  }
  /// Adds limbs that follow the joints of a skin: three crossing ribbons each, between the corners
  /// of small octahedra at both ends. Many viewers do not move lines.
  size_t add_limbs(size_t material) {
    std::vector<float> corners, weights;
    for (size_t joint = 0; joint < kJoints; ++joint) append_octahedron(corners, kLimbRadius_m);
    const size_t view = begin_view();
    for (size_t corner = 0; corner < 6 * kJoints; ++corner) {
      put(binary_, corner / 6, 4);
      weights.insert(weights.end(), {1, 0, 0, 0});
    }
    const size_t joints = end_view(view, kUnsignedByte, 6 * kJoints, "VEC4");
    std::vector<uint16_t> triangles;
    for (const auto& [a, b] : kLimbs) {
      for (uint16_t side = 0; side < 6; side += 2) {
        const auto from = static_cast<uint16_t>(6 * a + side);
        const auto to = static_cast<uint16_t>(6 * b + side);
        for (const int corner : {from + 0, from + 1, to + 0, to + 0, from + 1, to + 1})
          triangles.push_back(static_cast<uint16_t>(corner));
      }
    }
    return add_mesh({{"POSITION", add_floats(corners, 3)},
                     {"JOINTS_0", joints},
                     {"WEIGHTS_0", add_floats(weights, 4)}},
                    kTriangles, material, add_shorts(triangles));
  }

  /// Scales a person to nothing before the first moment, in gaps and after the last one.
  void add_presence(size_t node, std::span<const int64_t> moments) {
    std::vector<int64_t> changes;
    std::vector<float> scales;
    const auto change = [&](int64_t moment, float scale) {
      changes.push_back(moment);
      scales.insert(scales.end(), 3, scale);
    };
    if (moments.front() > 0) change(0, 0);
    for (size_t i = 0; i < moments.size(); ++i) {
      if (i == 0 || moments[i] > moments[i - 1] + 1) change(moments[i], 1);
      if (i + 1 == moments.size() || moments[i + 1] > moments[i] + 1) change(moments[i] + 1, 0);
    }
    animate(node, "scale", add_times(changes), add_floats(scales, 3), "STEP");
  }
  void animate(size_t node, const char* path, size_t input, size_t output, const char* kind) {
    animation_["samplers"].push_back(
        {{"input", input}, {"output", output}, {"interpolation", kind}});
    animation_["channels"].push_back({{"sampler", animation_["samplers"].size() - 1},
                                      {"target", {{"node", node}, {"path", path}}}});
  }

  double rate_hz_;
  Json root_;
  Json animation_ = {{"samplers", Json::array()}, {"channels", Json::array()}};
  std::string binary_;
};

}  // namespace

void SceneGlb::add(int64_t person, int64_t moment, const std::array<Joint, kJoints>& joints) {
  const bool is_empty =
      std::ranges::none_of(joints, [](const Joint& one) { return one.is_found(); });
  if (is_empty) return;
  Motion& motion = people_[person];
  motion.moments.push_back(moment);
  for (const size_t joint : nearest_found(joints)) {
    const Eigen::Vector3d point = y_up(joints[joint].point_in_world);
    for (int axis = 0; axis < 3; ++axis)
      motion.positions.push_back(static_cast<float>(point[axis]));
  }
}

Result<std::string> SceneGlb::finish(const geometry::Site& site, double rate_hz) const {
  Writer writer(rate_hz);
  writer.add_pool(site.pool);
  for (const geometry::Camera& camera : site.cameras) writer.add_camera(camera);
  for (const auto& [id, motion] : people_) writer.add_person(id, motion.moments, motion.positions);
  return writer.finish();
}

}  // namespace lido::reconstruct
