// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/gl.h"

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <dlfcn.h>

#include <array>
#include <cstdlib>

namespace lido::synth::gl {
namespace {

/// EGL's functions. The library is opened at run time, so that Lido runs without Mesa until a film
/// is drawn.
struct Egl {
  void* library = nullptr;
#define LIDO_EGL_FUNCTIONS(X) \
  X(eglGetProcAddress)        \
  X(eglInitialize)            \
  X(eglBindAPI) X(eglCreateContext) X(eglMakeCurrent) X(eglDestroyContext) X(eglGetPlatformDisplay)
#define X(name) decltype(&::name) name = nullptr;  // NOLINT(bugprone-macro-parentheses)
  LIDO_EGL_FUNCTIONS(X)
#undef X

  static Result<Egl> load() {
    Egl egl;
    egl.library = ::dlopen("libEGL.so.1", RTLD_NOW | RTLD_LOCAL);
    if (egl.library == nullptr)
      return fail(ErrorCode::kUnavailable,
                  "libEGL.so.1: not found ({}). Films need Mesa: install libegl1, libegl-mesa0 and "
                  "libgl1-mesa-dri.",
                  ::dlerror());
#define X(name)                                                                 \
  egl.name = reinterpret_cast<decltype(egl.name)>(::dlsym(egl.library, #name)); \
  if (egl.name == nullptr)                                                      \
    return fail(ErrorCode::kUnavailable,                                        \
                "libEGL.so.1: no "                                              \
                "function " #name);
    LIDO_EGL_FUNCTIONS(X)
#undef X
    return egl;
  }
};

}  // namespace

struct Context::Handles {
  Egl egl;
  EGLDisplay display = EGL_NO_DISPLAY;
  EGLContext context = EGL_NO_CONTEXT;
  ~Handles() {
    if (context == EGL_NO_CONTEXT) return;
    egl.eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    egl.eglDestroyContext(display, context);
  }
};

Context::Context(Context&&) noexcept = default;
Context& Context::operator=(Context&&) noexcept = default;
Context::~Context() = default;

Result<Context> Context::make() {
  // llvmpipe draws in the calling thread: one core draws one film, and the bytes do not depend on
  // the number of cores.
  ::setenv("LP_NUM_THREADS", "0", 1);
  ::setenv("LIBGL_ALWAYS_SOFTWARE", "1", 1);
  ::setenv("GALLIUM_DRIVER", "llvmpipe", 1);
  Context context;
  context.handles_ = std::make_unique<Handles>();
  Handles& own = *context.handles_;
  own.egl = LIDO_TRY(Egl::load());
  own.display =
      own.egl.eglGetPlatformDisplay(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr);
  if (own.display == EGL_NO_DISPLAY ||
      own.egl.eglInitialize(own.display, nullptr, nullptr) != EGL_TRUE)
    return fail(ErrorCode::kUnavailable,
                "EGL: no software renderer. Films need Mesa: install libegl-mesa0 and "
                "libgl1-mesa-dri.");
  own.egl.eglBindAPI(EGL_OPENGL_API);
  constexpr std::array<EGLint, 7> kContextAttributes = {EGL_CONTEXT_MAJOR_VERSION,
                                                        3,
                                                        EGL_CONTEXT_MINOR_VERSION,
                                                        3,
                                                        EGL_CONTEXT_OPENGL_PROFILE_MASK,
                                                        EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT,
                                                        EGL_NONE};
  own.context = own.egl.eglCreateContext(own.display, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT,
                                         kContextAttributes.data());
  if (own.context == EGL_NO_CONTEXT ||
      own.egl.eglMakeCurrent(own.display, EGL_NO_SURFACE, EGL_NO_SURFACE, own.context) != EGL_TRUE)
    return fail(ErrorCode::kUnavailable, "EGL: no OpenGL 3.3 context without a screen");
#define X(name, type)                                                             \
  context.functions_.name =                                                       \
      reinterpret_cast<PFNGL##type##PROC>(own.egl.eglGetProcAddress("gl" #name)); \
  if (context.functions_.name == nullptr)                                         \
    return fail(ErrorCode::kUnavailable, "OpenGL: no function gl" #name);
  LIDO_GL_FUNCTIONS(X)
#undef X
  return context;
}

std::string Context::renderer() const {
  return reinterpret_cast<const char*>(functions_.GetString(GL_RENDERER));
}

Result<GLuint> Context::program(const std::string& vertex, const std::string& fragment) const {
  const Functions& gl = functions_;
  const GLuint program = gl.CreateProgram();
  std::array<char, 2000> log{};
  for (const auto& [kind, text] :
       {std::pair<GLenum, const std::string&>(GL_VERTEX_SHADER, vertex),
        std::pair<GLenum, const std::string&>(GL_FRAGMENT_SHADER, fragment)}) {
    const GLuint shader = gl.CreateShader(kind);
    const char* source = text.c_str();
    gl.ShaderSource(shader, 1, &source, nullptr);
    gl.CompileShader(shader);
    GLint is_good = 0;
    gl.GetShaderiv(shader, GL_COMPILE_STATUS, &is_good);
    if (is_good == 0) {
      gl.GetShaderInfoLog(shader, log.size(), nullptr, log.data());
      return fail(ErrorCode::kInvalidArgument, "shader: {}", log.data());
    }
    gl.AttachShader(program, shader);
    gl.DeleteShader(shader);
  }
  gl.LinkProgram(program);
  GLint is_good = 0;
  gl.GetProgramiv(program, GL_LINK_STATUS, &is_good);
  if (is_good == 0) {
    gl.GetProgramInfoLog(program, log.size(), nullptr, log.data());
    return fail(ErrorCode::kInvalidArgument, "shader program: {}", log.data());
  }
  return program;
}

}  // namespace lido::synth::gl
