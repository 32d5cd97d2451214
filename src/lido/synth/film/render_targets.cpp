// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/render_targets.h"

#include <algorithm>

namespace lido::synth {
namespace {

constexpr int kSamples = 4;
constexpr GLenum kAttachments[] = {GL_COLOR_ATTACHMENT0, GL_COLOR_ATTACHMENT1};

struct TextureFormat {
  GLenum internal, layout;
  GLint filter;
};
constexpr TextureFormat kColourFormat{GL_RGBA8, GL_RGBA, GL_LINEAR};
constexpr TextureFormat kSubjectFormat{GL_R8UI, GL_RED_INTEGER, GL_NEAREST};

GLuint make_texture(const gl::Context& gl, const RenderTargets& targets,
                    const TextureFormat& format) {
  GLuint texture = 0;
  gl->GenTextures(1, &texture);
  gl->BindTexture(GL_TEXTURE_2D, texture);
  gl->TexImage2D(GL_TEXTURE_2D, 0, static_cast<GLint>(format.internal), targets.width,
                 targets.height, 0, format.layout, GL_UNSIGNED_BYTE, nullptr);
  for (const GLenum which : {GL_TEXTURE_MIN_FILTER, GL_TEXTURE_MAG_FILTER})
    gl->TexParameteri(GL_TEXTURE_2D, which, format.filter);
  for (const GLenum which : {GL_TEXTURE_WRAP_S, GL_TEXTURE_WRAP_T})
    gl->TexParameteri(GL_TEXTURE_2D, which, GL_CLAMP_TO_EDGE);
  return texture;
}

/// Adds a renderbuffer to the bound framebuffer.
void attach_renderbuffer(const gl::Context& gl, const RenderTargets& targets, GLenum attachment,
                         GLenum format, int samples) {
  GLuint buffer = 0;
  gl->GenRenderbuffers(1, &buffer);
  gl->BindRenderbuffer(GL_RENDERBUFFER, buffer);
  gl->RenderbufferStorageMultisample(GL_RENDERBUFFER, samples, format, targets.width,
                                     targets.height);
  gl->FramebufferRenderbuffer(GL_FRAMEBUFFER, attachment, GL_RENDERBUFFER, buffer);
}

GLuint make_framebuffer(const gl::Context& gl) {
  GLuint fbo = 0;
  gl->GenFramebuffers(1, &fbo);
  gl->BindFramebuffer(GL_FRAMEBUFFER, fbo);
  return fbo;
}

void attach_texture(const gl::Context& gl, GLenum attachment, GLuint texture) {
  gl->FramebufferTexture2D(GL_FRAMEBUFFER, attachment, GL_TEXTURE_2D, texture, 0);
}

}  // namespace

Result<RenderTargets> RenderTargets::make(const gl::Context& gl, int width, int height) {
  RenderTargets targets{.width = width, .height = height};
  targets.underwater_colour = make_texture(gl, targets, kColourFormat);
  targets.underwater_subject = make_texture(gl, targets, kSubjectFormat);
  targets.underwater_fbo = make_framebuffer(gl);
  attach_texture(gl, kAttachments[0], targets.underwater_colour);
  attach_texture(gl, kAttachments[1], targets.underwater_subject);
  attach_renderbuffer(gl, targets, GL_DEPTH_ATTACHMENT, GL_DEPTH_COMPONENT32F, 0);
  gl->DrawBuffers(2, kAttachments);

  targets.resolve_colour = make_texture(gl, targets, kColourFormat);
  targets.resolve_subject = make_texture(gl, targets, kSubjectFormat);
  targets.resolve_fbo = make_framebuffer(gl);
  attach_texture(gl, kAttachments[0], targets.resolve_colour);
  attach_texture(gl, kAttachments[1], targets.resolve_subject);
  gl->DrawBuffers(2, kAttachments);

  targets.msaa_fbo = make_framebuffer(gl);
  attach_renderbuffer(gl, targets, kAttachments[0], GL_RGBA8, kSamples);
  attach_renderbuffer(gl, targets, kAttachments[1], GL_R8UI, kSamples);
  attach_renderbuffer(gl, targets, GL_DEPTH_ATTACHMENT, GL_DEPTH_COMPONENT32F, kSamples);
  gl->DrawBuffers(2, kAttachments);

  const GLuint sensor_colour = make_texture(gl, targets, kColourFormat);
  targets.sensor_fbo = make_framebuffer(gl);
  attach_texture(gl, kAttachments[0], sensor_colour);

  for (const GLuint fbo :
       {targets.underwater_fbo, targets.msaa_fbo, targets.resolve_fbo, targets.sensor_fbo}) {
    gl->BindFramebuffer(GL_FRAMEBUFFER, fbo);
    if (gl->CheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE)
      return fail(ErrorCode::kUnavailable, "{}: no framebuffer of {}x{} with {} samples",
                  gl.renderer(), width, height, kSamples);
  }
  gl->Viewport(0, 0, width, height);
  gl->PixelStorei(GL_PACK_ALIGNMENT, 1);
  gl->Enable(GL_CLIP_DISTANCE0);
  return targets;
}

void RenderTargets::bind_and_clear(const gl::Context& gl, GLuint fbo, const Colour& colour,
                                   float alpha) const {
  const float background[] = {colour.x(), colour.y(), colour.z(), alpha};
  constexpr GLuint kNoSubject[] = {0, 0, 0, 0};
  constexpr float kMaxDepth = 1;
  gl->BindFramebuffer(GL_FRAMEBUFFER, fbo);
  gl->ClearBufferfv(GL_COLOR, 0, background);
  gl->ClearBufferuiv(GL_COLOR, 1, kNoSubject);
  gl->ClearBufferfv(GL_DEPTH, 0, &kMaxDepth);
}

void RenderTargets::resolve(const gl::Context& gl) const {
  gl->BindFramebuffer(GL_READ_FRAMEBUFFER, msaa_fbo);
  gl->BindFramebuffer(GL_DRAW_FRAMEBUFFER, resolve_fbo);
  for (const GLenum which : kAttachments) {
    gl->ReadBuffer(which);
    const GLenum only[] = {which == kAttachments[0] ? which : GL_NONE,
                           which == kAttachments[1] ? which : GL_NONE};
    gl->DrawBuffers(2, only);
    gl->BlitFramebuffer(0, 0, width, height, 0, 0, width, height, GL_COLOR_BUFFER_BIT, GL_NEAREST);
  }
}

std::vector<uint8_t> RenderTargets::read_subjects(const gl::Context& gl) const {
  std::vector<uint8_t> subjects(static_cast<size_t>(width * height));
  gl->BindFramebuffer(GL_READ_FRAMEBUFFER, resolve_fbo);
  gl->ReadBuffer(kAttachments[1]);
  gl->ReadPixels(0, 0, width, height, GL_RED_INTEGER, GL_UNSIGNED_BYTE, subjects.data());
  // OpenGL's rows start at the bottom.
  for (int y = 0; y < height / 2; ++y)
    std::swap_ranges(subjects.begin() + y * width, subjects.begin() + (y + 1) * width,
                     subjects.begin() + (height - 1 - y) * width);
  return subjects;
}

media::Image RenderTargets::read_image(const gl::Context& gl) const {
  media::Image image{width, height, std::vector<uint8_t>(static_cast<size_t>(width * height) * 3)};
  gl->ReadBuffer(kAttachments[0]);
  gl->ReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE, image.rgb.data());
  return image;
}

}  // namespace lido::synth
