// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "lido/synth/film/render_program.h"

namespace lido::synth {

/// Meshes of the people in a frame, on the renderer's side of OpenGL.
class PeopleBatch {
 public:
  explicit PeopleBatch(const Bodies& bodies) : bodies_(bodies) {}

  /// Poses and uploads the people of a frame; their shadows and rings are known afterwards.
  void upload(const gl::Context& gl, const SimulatedCamera& camera,
              const std::vector<Subject>& subjects);
  /// Draws the people of upload() with a program in use.
  /// @param below  Skips people who are wholly above the water.
  void draw(const gl::Context& gl, Program& program, bool below,
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

  const Bodies& bodies_;
  /// By number of the subject and mesh.
  std::vector<std::array<Buffers, 2>> buffers_;
  std::vector<Mesh> meshes_;
  std::vector<Eigen::Vector3f> points_, normals_;
  std::vector<Eigen::Vector4f> shadows_, rings_;
};

}  // namespace lido::synth
