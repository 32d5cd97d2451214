// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "lido/synth/film/render_program.h"

namespace lido::synth {

/// Bodies less tall than this in the image are shaded at their vertices.
inline constexpr double kSmall_px = 60;

/// Whether some of a ball may be in a camera's view. May be true for a ball that is not.
bool may_see(const SimulatedCamera& camera, const Vector3& middle, double radius_m);

/// Meshes of the people in a frame, on the renderer's side of OpenGL.
class PeopleBatch {
 public:
  explicit PeopleBatch(const Bodies& bodies) : bodies_(bodies) {}

  /// Poses and uploads the people of a frame; their shadows and rings are known afterwards.
  void upload(const gl::Context& gl, const SimulatedCamera& camera,
              const std::vector<Subject>& subjects);
  /// People whom one program draws.
  struct Part {
    bool below = false;  ///< Under water, instead of over it.
    bool small = false;  ///< Less than kSmall_px tall, instead of taller.
  };
  /// Draws a part of the people of upload() with a program in use.
  void draw(const gl::Context& gl, Program& program, const Part& part,
            const std::vector<Subject>& subjects) const;

  /// By person: x, y, lowest and highest z; at most kMaxShadows.
  const std::vector<Eigen::Vector4f>& shadows() const { return shadows_; }
  /// Rings on the water around people who stir it: x, y, height, foam; at most kMaxRings.
  const std::vector<Eigen::Vector4f>& rings() const { return rings_; }

 private:
  struct Buffers {
    GLuint array = 0, moving = 0;
    GLsizei indices = 0;
  };
  std::array<Buffers, 2> make_buffers(const gl::Context& gl) const;
  void add_effects(const Subject& subject);
  void keep_nearest_effects(const SimulatedCamera& camera);

  const Bodies& bodies_;
  /// A person in the frame.
  struct Drawn {
    Mesh mesh = Mesh::kFar;
    bool in_view = false, small = false;
    float low_m = 0, high_m = 0;  ///< Lowest and highest z.
  };
  /// By number of the subject and mesh.
  std::vector<std::array<Buffers, 2>> buffers_;
  std::vector<Drawn> drawn_;
  std::vector<Eigen::Vector3f> points_, normals_;
  std::vector<Eigen::Vector4f> shadows_, rings_;
};

}  // namespace lido::synth
