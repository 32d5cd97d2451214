// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/synth/film/gl.h"
#include "lido/synth/film/render.h"

namespace lido::synth {

/// Framebuffers of a renderer, in the order in which a frame passes through them. Each but the last
/// has two attachments: colour, and the number of the subject.
struct RenderTargets {
  int width = 0, height = 0;
  GLuint underwater_fbo = 0, underwater_colour = 0, underwater_subject = 0;
  GLuint msaa_fbo = 0;  ///< Several samples a pixel.
  GLuint resolve_fbo = 0, resolve_colour = 0, resolve_subject = 0;
  GLuint sensor_fbo = 0;  ///< Colour alone, as the sensor delivers it.

  /// Makes all framebuffers and sets viewport and clipping.
  /// @return kUnavailable when the driver refuses a framebuffer.
  static Result<RenderTargets> make(const gl::Context& gl, int width, int height);

  /// Binds a framebuffer and clears it to a colour without subjects.
  void bind_and_clear(const gl::Context& gl, GLuint fbo, const Colour& colour, float alpha) const;
  /// Resolves msaa_fbo into resolve_fbo.
  void resolve(const gl::Context& gl) const;
  /// Reads the subject of each pixel from resolve_fbo, rows from the top.
  std::vector<uint8_t> read_subjects(const gl::Context& gl) const;
  /// Reads the image from the bound framebuffer sensor_fbo.
  media::Image read_image(const gl::Context& gl) const;
};

}  // namespace lido::synth
