// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/render_program.h"

#include <cmath>

#include "lido/synth/embedded.h"

namespace lido::synth {
namespace {

constexpr std::string_view kVersion = "#version 330 core\n";
constexpr std::string_view kCamera = embedded::kFilmShadersCameraGlsl;
constexpr std::string_view kLight = embedded::kFilmShadersLightGlsl;
constexpr std::string_view kShow = embedded::kFilmShadersShowGlsl;
constexpr std::string_view kWaves = embedded::kFilmShadersWavesGlsl;
constexpr std::string_view kSceneryVertex = embedded::kFilmShadersSceneryVertexGlsl;
constexpr std::string_view kSceneryFragment = embedded::kFilmShadersSceneryFragmentGlsl;
constexpr std::string_view kBody = embedded::kFilmShadersBodyGlsl;
constexpr std::string_view kParticleVertex = embedded::kFilmShadersParticleVertexGlsl;
constexpr std::string_view kParticleFragment = embedded::kFilmShadersParticleFragmentGlsl;
constexpr std::string_view kBodyVertex = embedded::kFilmShadersBodyVertexGlsl;
constexpr std::string_view kBodyFragment = embedded::kFilmShadersBodyFragmentGlsl;
constexpr std::string_view kWaterVertex = embedded::kFilmShadersWaterVertexGlsl;
constexpr std::string_view kWaterFragment = embedded::kFilmShadersWaterFragmentGlsl;
constexpr std::string_view kSensorVertex = embedded::kFilmShadersSensorVertexGlsl;
constexpr std::string_view kSensorFragment = embedded::kFilmShadersSensorFragmentGlsl;

/// Camera shader without the declaration of `eye`, for shaders that declare it already.
std::string camera_without_eye() {
  std::string text(kCamera);
  constexpr std::string_view kEye = "uniform vec3 eye;";
  text.erase(text.find(kEye), kEye.size());
  return text;
}

}  // namespace

std::string join_shader(const std::string& defines, std::initializer_list<std::string_view> parts) {
  std::string text = std::string(kVersion) + defines;
  for (const std::string_view part : parts) text += part;
  return text;
}

Result<Program> Program::link(const gl::Context& gl, const std::string& vertex,
                              const std::string& fragment) {
  Program program;
  program.id_ = LIDO_TRY(gl.program(vertex, fragment));
  return program;
}

GLint Program::uniform_location(const gl::Context& gl, const char* name) {
  const auto [entry, is_new] = locations_.try_emplace(name, 0);
  if (is_new) entry->second = gl->GetUniformLocation(id_, name);
  return entry->second;
}

void Program::use(const gl::Context& gl, const Shot& shot, const FrameUniforms& frame) {
  gl->UseProgram(id_);
  const SimulatedCamera& camera = shot.camera;
  const Light& light = shot.light;
  const auto set = [&](const char* name, double value) {
    gl->Uniform1f(uniform_location(gl, name), static_cast<float>(value));
  };
  const auto set_vector = [&](const char* name, const Eigen::Vector3f& value) {
    gl->Uniform3fv(uniform_location(gl, name), 1, value.data());
  };
  const Eigen::Matrix3f cam_from_world = camera.cam_from_world.cast<float>();
  const Eigen::Vector4f focal =
      Eigen::Vector4d(camera.fx, camera.fy, camera.cx, camera.cy).cast<float>();
  const Eigen::Vector4f k =
      Eigen::Vector4d(camera.k[0], camera.k[1], camera.k[2], camera.k[3]).cast<float>();
  set_vector("eye", camera.position.cast<float>());
  gl->UniformMatrix3fv(uniform_location(gl, "cam_from_world"), 1, GL_FALSE, cam_from_world.data());
  gl->Uniform4fv(uniform_location(gl, "focal"), 1, focal.data());
  gl->Uniform2f(uniform_location(gl, "size"), static_cast<float>(camera.width),
                static_cast<float>(camera.height));
  gl->Uniform1i(uniform_location(gl, "fisheye"), camera.lens == geometry::Lens::kFisheye ? 1 : 0);
  gl->Uniform4fv(uniform_location(gl, "k"), 1, k.data());
  set("k5", camera.k[4]);
  set("max_field", frame.max_field);
  set("water_index", camera.water_index);
  set("port", camera.is_under_water() ? camera.port_m : 0);
  set("mirrored", frame.mirrored ? 1 : 0);
  set_vector("sun", light.sun.cast<float>());
  set_vector("sunlight", light.sunlight);
  set_vector("skylight", light.skylight);
  set("lamps", light.lamps);
  set("infrared", light.infrared ? 1 : 0);
  // Wraps before single precision loses the phase.
  set("time", std::fmod(shot.time_s, 4096));
  set("turbidity", shot.turbidity);
  const auto count = static_cast<GLsizei>(frame.shadows.size());
  gl->Uniform4fv(uniform_location(gl, "shadows"), count,
                 frame.shadows.empty() ? focal.data() : frame.shadows[0].data());
  gl->Uniform1i(uniform_location(gl, "shadow_count"), count);
}

Result<Programs> Programs::make(const gl::Context& gl, const SimulatedCamera& camera) {
  Programs programs;
  for (const bool below : {false, true}) {
    if (!below && camera.is_under_water()) continue;
    const std::string defines = below ? "#define UNDER 1\n" : "#define UNDER 0\n";
    auto& people = below ? programs.people_below : programs.people_above;
    for (const bool small : {false, true}) {
      const std::string sized = defines + (small ? "#define SMALL 1\n" : "#define SMALL 0\n");
      // Small people are lit in the vertex shader, which has the camera's `eye` too.
      auto vertex =
          small ? join_shader(sized, {kLight, camera_without_eye(), kBody, kShow, kBodyVertex})
                : join_shader(sized, {kCamera, kShow, kBodyVertex});
      auto fragment = small ? join_shader(sized, {kBodyFragment})
                            : join_shader(sized, {kLight, kBody, kBodyFragment});
      (small ? people.small : people.large) = LIDO_TRY(Program::link(gl, vertex, fragment));
    }
    auto& scenery = below ? programs.scenery_below : programs.scenery_above;
    for (int family = 0; family < kFamilies; ++family) {
      const std::string with_family = defines + fmt::format("#define FAMILY {}\n", family);
      scenery[static_cast<size_t>(family)] =
          LIDO_TRY(Program::link(gl, join_shader(with_family, {kCamera, kShow, kSceneryVertex}),
                                 join_shader(with_family, {kLight, kSceneryFragment})));
    }
  }
  // The water's fragment shader projects points too; kLight declares `eye` there.
  const char* side = camera.is_under_water() ? "#define UNDER 1\n#define FROM_BELOW 1\n"
                                             : "#define UNDER 0\n#define FROM_BELOW 0\n";
  programs.water = LIDO_TRY(
      Program::link(gl, join_shader("", {kCamera, kWaves, kWaterVertex}),
                    join_shader(side, {kLight, camera_without_eye(), kWaves, kWaterFragment})));
  programs.particles = LIDO_TRY(Program::link(gl, join_shader("", {kCamera, kParticleVertex}),
                                              join_shader(side, {kLight, kParticleFragment})));
  programs.sensor = LIDO_TRY(Program::link(
      gl, join_shader("", {kSensorVertex}),
      join_shader(camera.dirt > 0 ? "#define DIRTY 1\n" : "#define DIRTY 0\n", {kSensorFragment})));
  return programs;
}

}  // namespace lido::synth
