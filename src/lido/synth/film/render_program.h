// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lido/synth/film/gl.h"
#include "lido/synth/film/render.h"

namespace lido::synth {

// Capacities of the shaders' arrays.
inline constexpr size_t kMaxShadows = 10, kMaxRings = 8, kMaxWaves = 8;

/// Values that all programs share while a frame is drawn.
struct FrameUniforms {
  double max_field = 0;                  ///< Camera::max_field() of the camera.
  std::vector<Eigen::Vector4f> shadows;  ///< People: x, y, lowest and highest z.
  bool mirrored = false;  ///< Draws the image that the surface mirrors to an eye under water.
};

/// A linked shader program.
class Program {
 public:
  /// @return kInvalidArgument with the compiler's message.
  static Result<Program> link(const gl::Context& gl, const std::string& vertex,
                              const std::string& fragment);

  /// Location of a uniform; negative when the program does not use it.
  GLint uniform_location(const gl::Context& gl, const char* name);
  /// Makes the program current and sets camera, light, water and shadows.
  void use(const gl::Context& gl, const Shot& shot, const FrameUniforms& frame);
  GLuint id() const { return id_; }

 private:
  GLuint id_ = 0;
  std::map<std::string, GLint> locations_;
};

/// Sources joined into one shader: version, defines, then the parts in order.
std::string join_shader(const std::string& defines, std::initializer_list<std::string_view> parts);

/// All programs of a renderer.
struct Programs {
  static constexpr int kFamilies = 4;
  /// One program for each family of materials, since llvmpipe evaluates every branch of a shader.
  std::array<Program, kFamilies> scenery_above, scenery_below;
  /// `small` shades people of a few pixels at their vertices: llvmpipe evaluates a fragment's
  /// program for sixteen pixels, however small the triangle is.
  struct People {
    Program large, small;
  };
  People people_above, people_below;
  Program water, sensor, particles;

  /// @param camera  Compiles only what a camera above or under water needs.
  /// @return kInvalidArgument with the compiler's message.
  static Result<Programs> make(const gl::Context& gl, const SimulatedCamera& camera);
};

}  // namespace lido::synth
