// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/body/body.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>

namespace lido::synth {

static_assert(std::endian::native == std::endian::little);

const std::array<std::string_view, kKeypoints> kKeypointNames = {
    "nose",           "left_eye",   "right_eye",   "left_ear",   "right_ear",   "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip",
    "right_hip",      "left_knee",  "right_knee",  "left_ankle", "right_ankle"};

namespace {

using Json = nlohmann::json;

constexpr std::string_view kFormat = "lido-bodies-1";
constexpr size_t kFacePoints = 6;
constexpr size_t kMouth = 5;
/// Ages of the shapes, years. MakeHuman's child is as tall as a child of nine.
constexpr std::array<double, 4> kAges = {0.7, 9, 25, 75};
constexpr std::array<std::string_view, 4> kAgeNames = {"baby", "child", "young", "old"};
constexpr std::array<std::string_view, 3> kWeightNames = {"min", "average", "max"};
constexpr std::array<std::string_view, 3> kOriginNames = {"african", "asian", "caucasian"};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, ',');) words.push_back(word);
  return words;
}

/// Arrays of a safetensors file. Checks every length against the file's.
class Arrays {
 public:
  static Result<Arrays> open(std::string_view bytes, const std::string& file) {
    Arrays arrays;
    arrays.file_ = file;
    uint64_t length = 0;
    if (bytes.size() < sizeof length) return arrays.broken("no header");
    std::memcpy(&length, bytes.data(), sizeof length);
    if (length > bytes.size() - sizeof length) return arrays.broken("no header");
    arrays.header_ = Json::parse(bytes.substr(sizeof length, length), nullptr, false);
    arrays.data_ = bytes.substr(sizeof length + length);
    if (!arrays.header_.is_object()) return arrays.broken("no header");
    return arrays;
  }
  std::unexpected<Error> broken(std::string_view what) const {
    return fail(ErrorCode::kCorrupt, "{}: {}, want a file of make_bodies.py", file_, what);
  }
  /// Text of the header's metadata.
  Result<std::string> metadata(const char* key) const {
    const auto all = header_.find("__metadata__");
    if (all == header_.end() || !all->is_object() || !all->contains(key) ||
        !(*all)[key].is_string())
      return broken(fmt::format("no {}", key));
    return (*all)[key].get<std::string>();
  }
  /// Values of an array.
  /// @param shape  Expected lengths; 0 for any length.
  template <typename T>
  Result<std::vector<T>> read(const std::string& name, const std::vector<size_t>& shape) const {
    const auto at = header_.find(name);
    if (at == header_.end()) return broken("no " + name);
    try {
      const auto has = at->at("shape").get<std::vector<size_t>>();
      const auto range = at->at("data_offsets").get<std::vector<size_t>>();
      size_t count = 1;
      bool good = has.size() == shape.size() && range.size() == 2;
      for (size_t i = 0; good && i < shape.size(); ++i) {
        good = has[i] > 0 && has[i] < (1U << 20) && (shape[i] == 0 || shape[i] == has[i]) &&
               (count *= has[i]) < (size_t{1} << 32);
      }
      if (!good || range[0] > range[1] || range[1] > data_.size() ||
          range[1] - range[0] != count * sizeof(T))
        return broken(name + " has another shape");
      std::vector<T> values(count);
      std::memcpy(values.data(), data_.data() + range[0], count * sizeof(T));
      return values;
    } catch (const Json::exception&) {
      return broken(name + " has no shape");
    }
  }

 private:
  std::string file_;
  Json header_;
  std::string_view data_;
};

/// Triangles, bones and weights of a mesh; rest_positions stays empty.
Result<MeshTopology> read_topology(const Arrays& arrays, const std::string& mesh, size_t vertices,
                                   size_t bones) {
  const auto triangles = LIDO_TRY(arrays.read<uint16_t>(mesh + ".triangles", {0, 3}));
  const auto bone_of = LIDO_TRY(arrays.read<uint8_t>(mesh + ".bones", {vertices, 4}));
  const auto weights = LIDO_TRY(arrays.read<uint8_t>(mesh + ".weights", {vertices, 4}));
  if (std::ranges::any_of(triangles, [&](uint16_t v) { return v >= vertices; }) ||
      std::ranges::any_of(bone_of, [&](uint8_t b) { return b >= bones; }))
    return arrays.broken(mesh + ".triangles or .bones name a missing vertex or bone");
  MeshTopology topology;
  for (size_t i = 0; i < triangles.size(); i += 3)
    topology.triangles.push_back({triangles[i], triangles[i + 1], triangles[i + 2]});
  for (size_t v = 0; v < vertices; ++v) {
    auto& bone = topology.bones.emplace_back();
    auto& weight = topology.weights.emplace_back();
    for (size_t i = 0; i < 4; ++i) {
      bone[i] = bone_of[4 * v + i];
      weight[i] = static_cast<float>(weights[4 * v + i]) / 255;
    }
  }
  return topology;
}

}  // namespace

Result<Bodies> Bodies::read(std::string_view bytes, const std::string& file) {
  const auto arrays = LIDO_TRY(Arrays::open(bytes, file));
  if (LIDO_TRY(arrays.metadata("format")) != kFormat) return arrays.broken("another format");
  Bodies bodies;
  bodies.shapes_ = split(LIDO_TRY(arrays.metadata("shapes")));
  bodies.bones_ = split(LIDO_TRY(arrays.metadata("bones")));
  for (const std::string& word : split(LIDO_TRY(arrays.metadata("parents")))) {
    const int parent = std::atoi(word.c_str());
    // A parent comes before its children.
    if (parent >= static_cast<int>(bodies.parents_.size()) || parent < -1)
      return arrays.broken("bones in another order");
    bodies.parents_.push_back(parent);
  }
  const size_t shapes = bodies.shapes_.size(), bones = bodies.bones_.size();
  if (bones == 0 || bones > 255 || bodies.parents_.size() != bones)
    return arrays.broken("no bones");
  const auto points = [&](const std::string& name, size_t count) -> Result<Shapes> {
    Shapes read{count, LIDO_TRY(arrays.read<int16_t>(name, {shapes, count, 3}))};
    read.count = read.steps.size() / shapes / 3;
    return read;
  };
  bodies.joints_ = LIDO_TRY(points("joints", bones));
  bodies.tails_ = LIDO_TRY(points("tails", bones));
  bodies.face_ = LIDO_TRY(points("face", kFacePoints));
  for (const auto& [mesh, name] : {std::pair(Mesh::kFar, "far"), std::pair(Mesh::kNear, "near")}) {
    MeshData& data = bodies.meshes_[static_cast<size_t>(mesh)];
    data.shapes = LIDO_TRY(points(fmt::format("{}.shapes", name), 0));
    data.topology = LIDO_TRY(read_topology(arrays, name, data.shapes.count, bones));
    // The first shape is the average body.
    for (size_t v = 0; v < data.shapes.count; ++v) {
      const int16_t* steps = data.shapes.steps.data() + 3 * v;
      data.topology.rest_positions.emplace_back(Eigen::Vector3f(steps[0], steps[1], steps[2]) *
                                                static_cast<float>(bodies.step_m_));
    }
  }
  if (const std::string missing = bodies.missing(); !missing.empty())
    return arrays.broken("no " + missing);
  return bodies;
}

std::string Bodies::missing() const {
  for (const char* name :
       {"pelvis", "head",    "upperarm_l", "upperarm_r", "lowerarm_l", "lowerarm_r", "hand_l",
        "hand_r", "thigh_l", "thigh_r",    "calf_l",     "calf_r",     "foot_l",     "foot_r",
        "ball_l", "ball_r",  "spine_01",   "spine_02",   "spine_03",   "neck_01"}) {
    if (bone(name) == bones_.size()) return fmt::format("bone {}", name);
  }
  for (const std::string_view age : kAgeNames) {
    for (const std::string_view sex : {"female", "male"}) {
      for (const std::string_view kind : kWeightNames) {
        const auto name = fmt::format("{}-{}-{}", sex, age, kind);
        if (std::ranges::find(shapes_, name) == shapes_.end()) return "shape " + name;
      }
    }
  }
  return {};
}

size_t Bodies::bone(std::string_view name) const {
  return static_cast<size_t>(std::ranges::find(bones_, name) - bones_.begin());
}

std::vector<std::pair<size_t, double>> Bodies::mix(const Person& person, const Build& build) const {
  std::vector<std::pair<size_t, double>> shares = {{0, 1.0}};
  const auto add = [&](std::string_view age, std::string_view kind, double share) {
    const auto name = fmt::format("{}-{}-{}", person.female ? "female" : "male", age, kind);
    const auto at = std::ranges::find(shapes_, name);
    if (share > 0 && at != shapes_.end())
      shares.emplace_back(static_cast<size_t>(at - shapes_.begin()), share);
  };
  const double weight = std::clamp(build.weight, 0.0, 1.0);
  const std::array<double, 3> heavy = {std::max(0.0, 1 - 2 * weight), 1 - std::abs(2 * weight - 1),
                                       std::max(0.0, 2 * weight - 1)};
  const double age = std::clamp(person.age_years, kAges.front(), kAges.back());
  size_t older = 1;
  while (older + 1 < kAges.size() && age > kAges[older]) ++older;
  const double t = (age - kAges[older - 1]) / (kAges[older] - kAges[older - 1]);
  for (const auto& [at, share] : {std::pair(older - 1, 1 - t), std::pair(older, t)}) {
    for (size_t i = 0; i < heavy.size(); ++i) add(kAgeNames[at], kWeightNames[i], share * heavy[i]);
    for (size_t i = 0; i < build.origin.size(); ++i)
      add(kAgeNames[at], kOriginNames[i], share * build.origin[i]);
  }
  return shares;
}

Figure Bodies::figure(const Person& person, const Build& build) const {
  const auto shares = mix(person, build);
  const auto mixed = [&](const Shapes& shapes) {
    std::vector<Vector3> points(shapes.count, Vector3::Zero());
    for (const auto& [shape, share] : shares) {
      const int16_t* from = shapes.steps.data() + 3 * shape * shapes.count;
      for (size_t i = 0; i < shapes.count; ++i, from += 3)
        points[i] += share * step_m_ * Vector3(from[0], from[1], from[2]);
    }
    return points;
  };
  Figure figure{mixed(joints_), mixed(tails_), mixed(face_), {}};
  std::array<std::vector<Vector3>, 2> meshes;
  for (size_t i = 0; i < meshes.size(); ++i) meshes[i] = mixed(meshes_[i].shapes);
  const auto& near = meshes[static_cast<size_t>(Mesh::kNear)];
  const auto [low, high] = std::ranges::minmax(near, {}, [](const Vector3& p) { return p.y(); });
  const double scale = person.stature_m / (high.y() - low.y());
  const Vector3 soles(0, low.y(), 0);
  for (auto* points : {&figure.joints, &figure.tails, &figure.face}) {
    for (Vector3& point : *points) point = scale * (point - soles);
  }
  for (size_t i = 0; i < meshes.size(); ++i) {
    for (const Vector3& point : meshes[i])
      figure.vertices[i].push_back((scale * (point - soles)).cast<float>());
  }
  return figure;
}

Posed pose_figure(const Bodies& bodies, const Figure& figure, const BodyPose& pose) {
  Posed posed;
  posed.bones.reserve(figure.joints.size());
  for (size_t bone = 0; bone < figure.joints.size(); ++bone) {
    const Vector3& at = figure.joints[bone];
    const Eigen::Affine3d own =
        Eigen::Translation3d(at) * pose.turns[bone] * Eigen::Translation3d(-at);
    const int parent = bodies.parent(bone);
    posed.bones.push_back(parent < 0 ? own : posed.bones[static_cast<size_t>(parent)] * own);
  }
  return posed;
}

void skin(const MeshTopology& mesh, const std::vector<Eigen::Vector3f>& standing,
          const Posed& posed, const Eigen::Affine3d& placed, std::vector<Eigen::Vector3f>& out) {
  std::vector<Eigen::Matrix<float, 3, 4>> bones;
  bones.reserve(posed.bones.size());
  for (const Eigen::Affine3d& bone : posed.bones)
    bones.emplace_back((placed * bone).matrix().topRows<3>().cast<float>());
  out.resize(standing.size());
  for (size_t v = 0; v < standing.size(); ++v) {
    Eigen::Matrix<float, 3, 4> moved = mesh.weights[v][0] * bones[mesh.bones[v][0]];
    for (size_t i = 1; i < 4 && mesh.weights[v][i] > 0; ++i)
      moved += mesh.weights[v][i] * bones[mesh.bones[v][i]];
    out[v] = moved.leftCols<3>() * standing[v] + moved.col(3);
  }
}

std::array<Vector3, kKeypoints> keypoints(const Bodies& bodies, const Figure& figure,
                                          const Posed& posed) {
  std::array<Vector3, kKeypoints> points;
  const size_t head = bodies.bone("head");
  for (size_t i = 0; i < 5; ++i) points[i] = posed.bones[head] * figure.face[i];
  constexpr std::array<std::string_view, 6> kLimbs = {"upperarm", "lowerarm", "hand",
                                                      "thigh",    "calf",     "foot"};
  for (size_t i = 0; i < kLimbs.size(); ++i) {
    points[5 + 2 * i] = posed.joint(figure, bodies.bone(fmt::format("{}_l", kLimbs[i])));
    points[6 + 2 * i] = posed.joint(figure, bodies.bone(fmt::format("{}_r", kLimbs[i])));
  }
  return points;
}

Vector3 mouth(const Bodies& bodies, const Figure& figure, const Posed& posed) {
  return posed.bones[bodies.bone("head")] * figure.face[kMouth];
}

}  // namespace lido::synth
