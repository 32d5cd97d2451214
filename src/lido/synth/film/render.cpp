// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/render.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "lido/base/hash.h"
#include "lido/synth/film/people_batch.h"
#include "lido/synth/film/render_program.h"
#include "lido/synth/film/render_targets.h"

namespace lido::synth {
namespace {

/// One byte a pixel holds the number of a subject; 255 is left free.
constexpr size_t kMaxSubjects = 254;

/// Materials that share a program: basin, paving, surroundings, things.
size_t family_of(float material) {
  switch (static_cast<Material>(material)) {
    case Material::kFloor:
    case Material::kWall:
      return 0;
    case Material::kDeck:
    case Material::kCoping:
      return 1;
    case Material::kGrass:
    case Material::kHedge:
    case Material::kBoards:
      return 2;
    case Material::kThing:
      return 3;
  }
  return 3;
}

/// A range of the scenery's vertices.
struct DrawBatch {
  GLint first = 0;
  GLsizei count = 0;
};

/// A corner of a particle, as its vertex shader reads it.
struct ParticleCorner {
  std::array<float, 4> place;  ///< x, y, z, radius.
  std::array<float, 2> look;   ///< Opacity, kind.
};
constexpr int kParticleCorners = 6;

/// Light that water scatters toward an eye within. Agrees with in_water() of light.glsl.
Colour glow_of_water(const Light& light) {
  if (light.infrared) return Colour::Constant(0.03F);
  const float strength = 0.5F * static_cast<float>(std::max(light.sun.z(), 0.0));
  const Colour by = light.skylight + strength * light.sunlight +
                    Colour::Constant(static_cast<float>(light.lamps));
  return Colour(0.01F, 0.30F, 0.62F).cwiseProduct(by);
}

/// A vertex array with one buffer, which is bound afterwards.
GLuint make_array(const gl::Context& gl, const void* data, size_t bytes) {
  GLuint array = 0, buffer = 0;
  gl->GenVertexArrays(1, &array);
  gl->BindVertexArray(array);
  gl->GenBuffers(1, &buffer);
  gl->BindBuffer(GL_ARRAY_BUFFER, buffer);
  gl->BufferData(GL_ARRAY_BUFFER, static_cast<GLsizeiptr>(bytes), data, GL_STATIC_DRAW);
  return array;
}

void add_attribute(const gl::Context& gl, GLuint number, int size, size_t stride, size_t offset) {
  gl->EnableVertexAttribArray(number);
  gl->VertexAttribPointer(number, size, GL_FLOAT, GL_FALSE, static_cast<GLsizei>(stride),
                          gl::byte_offset(offset));
}

/// Gain of a camera's automatic exposure: it evens out part of the light's changes.
double automatic_gain(const Light& light) {
  const double brightness =
      light.infrared
          ? 0.5
          : 0.15 + light.skylight.sum() / 3 +
                0.7 * light.sunlight.sum() / 3 * std::max(0.1, light.sun.z()) + 0.35 * light.lamps;
  return std::pow(1.3 / brightness, 0.75);
}

/// Seed of a sensor's drops and noise: 16 bits, which a float holds exactly.
float sensor_seed(uint64_t seed, const std::string& camera) {
  return static_cast<float>(derive_seed(seed, {"sensor", camera}) & 0xFFFF);
}

}  // namespace

struct Renderer::State {
  State(gl::Context context, const Bodies& bodies) : gl(std::move(context)), people(bodies) {}

  void upload_scenery(const Pool& pool, const Scenery& scenery);
  void draw_side(bool below, const Shot& shot, const std::vector<Subject>& subjects);
  void draw_scenery(bool below, const Shot& shot);
  void draw_water(const Shot& shot);
  void draw_people(bool below, const Shot& shot, const std::vector<Subject>& subjects);
  void draw_particles(const Shot& shot);
  void draw_from_below(const Shot& shot, const std::vector<Subject>& subjects);
  media::Image develop(const Shot& shot);

  gl::Context gl;
  Programs programs;
  RenderTargets targets;
  PeopleBatch people;
  FrameUniforms frame;
  /// By family of materials.
  std::array<DrawBatch, Programs::kFamilies> batches_above, batches_below;
  GLuint scenery_array = 0, surface_array = 0, empty_array = 0;
  GLuint particle_array = 0, particle_buffer = 0;
  GLsizei surface_count = 0;
};

Renderer::Renderer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Renderer::Renderer(Renderer&&) noexcept = default;
Renderer& Renderer::operator=(Renderer&&) noexcept = default;
Renderer::~Renderer() = default;

Result<Renderer> Renderer::make(const Bodies& bodies, const Pool& pool, const Scenery& scenery,
                                const SimulatedCamera& camera) {
  auto state = std::make_unique<State>(LIDO_TRY(gl::Context::make()), bodies);
  state->frame.max_field = camera.max_field();
  state->programs = LIDO_TRY(Programs::make(state->gl, camera));
  state->upload_scenery(pool, scenery);
  state->targets = LIDO_TRY(RenderTargets::make(state->gl, camera.width, camera.height));
  return Renderer(std::move(state));
}

void Renderer::State::upload_scenery(const Pool& pool, const Scenery& scenery) {
  gl->GenVertexArrays(1, &empty_array);
  const std::vector<SceneryVertex> all = build_scenery(pool, scenery);
  std::vector<SceneryVertex> sorted;
  for (const bool below : {false, true}) {
    auto& batches = below ? batches_below : batches_above;
    for (size_t family = 0; family < batches.size(); ++family) {
      batches[family].first = static_cast<GLint>(sorted.size());
      for (size_t v = 0; v < all.size(); v += 3) {
        const auto [low, high] =
            std::minmax({all[v].position.z(), all[v + 1].position.z(), all[v + 2].position.z()});
        if (family_of(all[v].material) == family && (below ? low < 0 : high > 0))
          sorted.insert(sorted.end(), all.begin() + static_cast<ptrdiff_t>(v),
                        all.begin() + static_cast<ptrdiff_t>(v) + 3);
      }
      batches[family].count = static_cast<GLsizei>(sorted.size()) - batches[family].first;
    }
  }
  constexpr size_t kStride = sizeof(SceneryVertex);
  scenery_array = make_array(gl, sorted.data(), sorted.size() * kStride);
  add_attribute(gl, 0, 3, kStride, offsetof(SceneryVertex, position));
  add_attribute(gl, 1, 3, kStride, offsetof(SceneryVertex, normal));
  add_attribute(gl, 2, 3, kStride, offsetof(SceneryVertex, colour));
  add_attribute(gl, 3, 1, kStride, offsetof(SceneryVertex, material));
  const std::vector<Eigen::Vector3f> surface = build_surface(pool);
  surface_count = static_cast<GLsizei>(surface.size());
  surface_array = make_array(gl, surface.data(), surface.size() * sizeof surface[0]);
  add_attribute(gl, 0, 3, sizeof surface[0], 0);
  gl->GenVertexArrays(1, &particle_array);
  gl->BindVertexArray(particle_array);
  gl->GenBuffers(1, &particle_buffer);
  gl->BindBuffer(GL_ARRAY_BUFFER, particle_buffer);
  add_attribute(gl, 0, 4, sizeof(ParticleCorner), offsetof(ParticleCorner, place));
  add_attribute(gl, 1, 2, sizeof(ParticleCorner), offsetof(ParticleCorner, look));
}

void Renderer::State::draw_scenery(bool below, const Shot& shot) {
  gl->BindVertexArray(scenery_array);
  auto& family_programs = below ? programs.scenery_below : programs.scenery_above;
  const auto& batches = below ? batches_below : batches_above;
  for (size_t family = 0; family < batches.size(); ++family) {
    if (batches[family].count == 0) continue;
    family_programs[family].use(gl, shot, frame);
    gl->DrawArrays(GL_TRIANGLES, batches[family].first, batches[family].count);
  }
}

void Renderer::State::draw_water(const Shot& shot) {
  Program& program = programs.water;
  program.use(gl, shot, frame);
  const auto at = [&](const char* name) { return program.uniform_location(gl, name); };
  std::array<Eigen::Vector4f, kMaxWaves> waves;
  waves.fill(Eigen::Vector4f::Zero());
  for (size_t i = 0; i < std::min(kMaxWaves, shot.water.waves().size()); ++i) {
    const Water::Wave& wave = shot.water.waves()[i];
    const double phase = std::remainder(wave.phase - wave.omega * shot.time_s, 2 * M_PI);
    waves[i] = Eigen::Vector4d(wave.kx, wave.ky, wave.amplitude, phase).cast<float>();
  }
  gl->Uniform4fv(at("waves"), kMaxWaves, waves[0].data());
  const auto& rings = people.rings();
  if (!rings.empty())
    gl->Uniform4fv(at("rings"), static_cast<GLsizei>(rings.size()), rings[0].data());
  gl->Uniform1i(at("ring_count"), static_cast<GLint>(rings.size()));
  gl->Uniform3fv(at("horizon"), 1, shot.light.horizon.data());
  gl->Uniform3fv(at("zenith"), 1, shot.light.zenith.data());
  gl->Uniform1i(at("underwater"), 0);
  gl->Uniform1i(at("underwater_subject"), 1);
  gl->ActiveTexture(GL_TEXTURE0);
  gl->BindTexture(GL_TEXTURE_2D, targets.underwater_colour);
  gl->ActiveTexture(GL_TEXTURE1);
  gl->BindTexture(GL_TEXTURE_2D, targets.underwater_subject);
  gl->ActiveTexture(GL_TEXTURE0);
  gl->BindVertexArray(surface_array);
  gl->DrawArrays(GL_TRIANGLES, 0, surface_count);
}

void Renderer::State::draw_side(bool below, const Shot& shot,
                                const std::vector<Subject>& subjects) {
  const Colour background = below                 ? Colour(0.05F, 0.15F, 0.18F)
                            : shot.light.infrared ? Colour(0.0F, 0.0F, 0.0F)
                                                  : shot.light.horizon;
  // Alpha under water is depth, as a share of 6 m.
  constexpr float kBackgroundDepth = 0.3F;
  targets.bind_and_clear(gl, below ? targets.underwater_fbo : targets.msaa_fbo, background,
                         below ? kBackgroundDepth : 1);
  // Nearer things first: they hide fragments of the others.
  draw_people(below, shot, subjects);
  if (!below) draw_water(shot);
  draw_scenery(below, shot);
  if (!below) draw_particles(shot);
}

void Renderer::State::draw_people(bool below, const Shot& shot,
                                  const std::vector<Subject>& subjects) {
  Programs::People& pair = below ? programs.people_below : programs.people_above;
  // The inside of a body shows under water alone, through the cut at the surface.
  if (!below) gl->Enable(GL_CULL_FACE);
  for (const bool small : {false, true}) {
    Program& program = small ? pair.small : pair.large;
    program.use(gl, shot, frame);
    people.draw(gl, program, {below, small}, subjects);
  }
  gl->Disable(GL_CULL_FACE);
}

void Renderer::State::draw_from_below(const Shot& shot, const std::vector<Subject>& subjects) {
  const Colour glow = glow_of_water(shot.light);
  // The image that the surface mirrors, and then the view.
  for (const bool mirrored : {true, false}) {
    frame.mirrored = mirrored;
    targets.bind_and_clear(gl, mirrored ? targets.underwater_fbo : targets.msaa_fbo, glow, 1);
    draw_people(true, shot, subjects);
    draw_scenery(true, shot);
  }
  draw_water(shot);
  draw_particles(shot);
}

void Renderer::State::draw_particles(const Shot& shot) {
  if (shot.particles.empty()) return;
  std::vector<ParticleCorner> corners;
  corners.reserve(shot.particles.size() * kParticleCorners);
  for (const Particle& particle : shot.particles) {
    const Eigen::Vector3f at = particle.at.cast<float>();
    const ParticleCorner corner{
        {at.x(), at.y(), at.z(), static_cast<float>(particle.radius_m)},
        {static_cast<float>(particle.opacity), static_cast<float>(particle.kind)}};
    corners.insert(corners.end(), kParticleCorners, corner);
  }
  gl->BindVertexArray(particle_array);
  gl->BindBuffer(GL_ARRAY_BUFFER, particle_buffer);
  gl->BufferData(GL_ARRAY_BUFFER, static_cast<GLsizeiptr>(corners.size() * sizeof corners[0]),
                 corners.data(), GL_STREAM_DRAW);
  programs.particles.use(gl, shot, frame);
  // Particles leave the numbers of subjects as they are.
  constexpr GLuint kSubjects = 1;
  gl->ColorMaski(kSubjects, GL_FALSE, GL_FALSE, GL_FALSE, GL_FALSE);
  gl->DepthMask(GL_FALSE);
  gl->Enable(GL_BLEND);
  gl->BlendFuncSeparate(GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA, GL_ZERO, GL_ONE);
  gl->DrawArrays(GL_TRIANGLES, 0, static_cast<GLsizei>(corners.size()));
  gl->Disable(GL_BLEND);
  gl->DepthMask(GL_TRUE);
  gl->ColorMaski(kSubjects, GL_TRUE, GL_TRUE, GL_TRUE, GL_TRUE);
}

media::Image Renderer::State::develop(const Shot& shot) {
  gl->Disable(GL_DEPTH_TEST);
  gl->BindFramebuffer(GL_FRAMEBUFFER, targets.sensor_fbo);
  Program& program = programs.sensor;
  gl->UseProgram(program.id());
  gl->BindTexture(GL_TEXTURE_2D, targets.resolve_colour);
  const auto set = [&](const char* name, double value) {
    gl->Uniform1f(program.uniform_location(gl, name), static_cast<float>(value));
  };
  const SimulatedCamera& camera = shot.camera;
  const double gain = automatic_gain(shot.light);
  gl->Uniform1i(program.uniform_location(gl, "image"), 0);
  gl->Uniform2f(program.uniform_location(gl, "size"), static_cast<float>(targets.width),
                static_cast<float>(targets.height));
  set("exposure", camera.exposure * gain);
  set("softness", camera.softness);
  set("noise_level", camera.noise * std::sqrt(std::max(1.0, gain)));
  set("dirt", camera.dirt);
  set("infrared", shot.light.infrared ? 1 : 0);
  gl->Uniform1i(program.uniform_location(gl, "frame"), static_cast<GLint>(shot.frame & 0xFFFFFF));
  set("seed", sensor_seed(shot.seed, camera.name));
  gl->BindVertexArray(empty_array);
  gl->DrawArrays(GL_TRIANGLES, 0, 3);
  return targets.read_image(gl);
}

Render Renderer::draw(const Shot& shot, const std::vector<Subject>& given) {
  State& state = *state_;
  const auto count = static_cast<ptrdiff_t>(std::min(given.size(), kMaxSubjects));
  const std::vector<Subject> subjects(given.begin(), given.begin() + count);
  state.people.upload(state.gl, shot.camera, subjects);
  state.frame.shadows = state.people.shadows();
  state.gl->Enable(GL_DEPTH_TEST);
  if (shot.camera.is_under_water()) {
    state.draw_from_below(shot, subjects);
  } else {
    for (const bool below : {true, false}) state.draw_side(below, shot, subjects);
  }
  state.targets.resolve(state.gl);
  std::vector<uint8_t> subject_of_pixel = state.targets.read_subjects(state.gl);
  return {state.develop(shot), std::move(subject_of_pixel)};
}

}  // namespace lido::synth
