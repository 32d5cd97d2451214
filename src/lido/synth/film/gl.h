// SPDX-License-Identifier: Apache-2.0
#pragma once

// OpenGL 3.3 without a screen, on the CPU: Mesa's llvmpipe by surfaceless EGL. Private to the room.

#include <GL/glcorearb.h>

#include <memory>
#include <string>
#include <vector>

#include "lido/base/result.h"

namespace lido::synth::gl {

// clang-format off
#define LIDO_GL_FUNCTIONS(X) \
  X(ActiveTexture, ACTIVETEXTURE) X(AttachShader, ATTACHSHADER) \
  X(BindBuffer, BINDBUFFER) X(BindFramebuffer, BINDFRAMEBUFFER) \
  X(BindRenderbuffer, BINDRENDERBUFFER) X(BindTexture, BINDTEXTURE) \
  X(BindVertexArray, BINDVERTEXARRAY) X(BlendFuncSeparate, BLENDFUNCSEPARATE) \
  X(BlitFramebuffer, BLITFRAMEBUFFER) \
  X(BufferData, BUFFERDATA) X(BufferSubData, BUFFERSUBDATA) \
  X(CheckFramebufferStatus, CHECKFRAMEBUFFERSTATUS) X(ClearBufferfv, CLEARBUFFERFV) \
  X(ClearBufferuiv, CLEARBUFFERUIV) X(ColorMaski, COLORMASKI) X(CompileShader, COMPILESHADER) \
  X(CullFace, CULLFACE) X(DepthMask, DEPTHMASK) \
  X(CreateProgram, CREATEPROGRAM) X(CreateShader, CREATESHADER) \
  X(DeleteShader, DELETESHADER) X(Disable, DISABLE) \
  X(DrawArrays, DRAWARRAYS) X(DrawBuffers, DRAWBUFFERS) \
  X(DrawElements, DRAWELEMENTS) X(Enable, ENABLE) \
  X(EnableVertexAttribArray, ENABLEVERTEXATTRIBARRAY) \
  X(FramebufferRenderbuffer, FRAMEBUFFERRENDERBUFFER) \
  X(FramebufferTexture2D, FRAMEBUFFERTEXTURE2D) X(GenBuffers, GENBUFFERS) \
  X(GenFramebuffers, GENFRAMEBUFFERS) X(GenRenderbuffers, GENRENDERBUFFERS) \
  X(GenTextures, GENTEXTURES) X(GenVertexArrays, GENVERTEXARRAYS) \
  X(GetProgramInfoLog, GETPROGRAMINFOLOG) X(GetProgramiv, GETPROGRAMIV) \
  X(GetShaderInfoLog, GETSHADERINFOLOG) X(GetShaderiv, GETSHADERIV) \
  X(GetString, GETSTRING) X(GetUniformLocation, GETUNIFORMLOCATION) \
  X(LinkProgram, LINKPROGRAM) X(PixelStorei, PIXELSTOREI) \
  X(ReadBuffer, READBUFFER) X(ReadPixels, READPIXELS) \
  X(RenderbufferStorageMultisample, RENDERBUFFERSTORAGEMULTISAMPLE) X(ShaderSource, SHADERSOURCE) \
  X(TexImage2D, TEXIMAGE2D) X(TexParameteri, TEXPARAMETERI) \
  X(Uniform1f, UNIFORM1F) X(Uniform1i, UNIFORM1I) \
  X(Uniform1ui, UNIFORM1UI) X(Uniform2f, UNIFORM2F) \
  X(Uniform3fv, UNIFORM3FV) X(Uniform4fv, UNIFORM4FV) \
  X(UniformMatrix3fv, UNIFORMMATRIX3FV) X(UseProgram, USEPROGRAM) \
  X(VertexAttribPointer, VERTEXATTRIBPOINTER) X(Viewport, VIEWPORT)
// clang-format on

/// Entry points of OpenGL that this room uses.
struct Functions {
#define X(name, type) PFNGL##type##PROC name = nullptr;
  LIDO_GL_FUNCTIONS(X)
#undef X
};

/// An OpenGL context. Current in the thread that made it, and to be used there alone.
class Context {
 public:
  /// @return kUnavailable where Mesa's libraries are not installed.
  static Result<Context> make();
  Context(Context&&) noexcept;
  Context& operator=(Context&&) noexcept;
  ~Context();

  const Functions& operator*() const { return functions_; }
  const Functions* operator->() const { return &functions_; }
  /// Name of the driver, like "llvmpipe (LLVM 15.0.6, 256 bits)".
  std::string renderer() const;
  /// Compiles and links a program. @return kInvalidArgument with the compiler's message.
  Result<GLuint> program(const std::string& vertex, const std::string& fragment) const;

 private:
  struct Handles;
  Context() = default;
  std::unique_ptr<Handles> handles_;
  Functions functions_;
};

/// An offset in a buffer, as OpenGL wants it: as a pointer.
inline const void* byte_offset(size_t offset) {
  return reinterpret_cast<const void*>(offset);  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace lido::synth::gl
