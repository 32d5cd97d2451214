// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/render.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "lido/synth/film/gl.h"
#include "lido/synth/film/shaders.h"

namespace lido::synth {
namespace {

constexpr int kSamples = 4;
constexpr size_t kMostPeople = 254;
constexpr size_t kShadows = 16, kRings = 12, kWaveCount = 8;
/// A body taller than this in the picture is drawn with the dense mesh.
constexpr double kNear_px = 260;

constexpr std::string_view kVersion = "#version 330 core\n";

/// A shader of several parts, with what tells it from others like it.
std::string joined(const std::string& defines, std::initializer_list<std::string_view> parts) {
  std::string text = std::string(kVersion) + defines;
  for (const std::string_view part : parts) text += part;
  return text;
}

constexpr int kFamilies = 4;
int family_of(float material) {
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

/// What every program is told of the camera and the light.
struct Program {
  GLuint id = 0;
  std::map<std::string, GLint> places;
};

}  // namespace

struct Renderer::State {
  State(const Bodies& all_bodies, const SimulatedCamera& of, gl::Context made)
      : bodies(all_bodies), camera(of), gl(std::move(made)) {}

  Result<void> make_programs();
  void send_places(const Pool& pool, const Scenery& scenery);
  Result<void> make_frames();
  Result<Program> program(const std::string& vertex, const std::string& fragment);
  GLint place(Program& program, const char* name);
  void tell(Program& program, double time_s, const Light& light, double turbidity);
  void draw_places(bool below, double time_s, const Light& light, double turbidity);
  void draw_water(double time_s, const Water& surface, const Light& light, double turbidity);
  void draw_bodies(Program& with, bool below, const std::vector<Subject>& subjects);
  void send_bodies(const std::vector<Subject>& subjects);

  const Bodies& bodies;
  SimulatedCamera camera;
  gl::Context gl;
  float reach = 0;
  Program water, sensor;
  std::array<Program, 2> people;  ///< Over water, and under it.
  /// Part of what does not move: of one family of materials, over or under water.
  struct Stock {
    bool below = false;
    Program program;
    GLint first = 0;
    GLsizei count = 0;
  };
  std::vector<Stock> stocks;
  GLuint place_array = 0, surface_array = 0, empty_array = 0;
  GLsizei surface_count = 0;
  // Under water, as a texture; then the picture with several samples a pixel, joined, developed.
  GLuint under = 0, under_colour = 0, under_who = 0;
  GLuint many = 0;
  GLuint one = 0, one_colour = 0, one_who = 0;
  GLuint developed = 0;
  struct BodyBuffers {
    GLuint array = 0, moving = 0;
    GLsizei indices = 0;
  };
  /// By place in the picture and mesh.
  std::vector<std::array<BodyBuffers, 2>> body_buffers;
  std::array<BodyBuffers, 2> make_buffers();
  std::vector<Mesh> meshes;
  std::vector<Eigen::Vector3f> points, normals;
  std::vector<Eigen::Vector4f> shadows, rings;
};

Renderer::Renderer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Renderer::Renderer(Renderer&&) noexcept = default;
Renderer& Renderer::operator=(Renderer&&) noexcept = default;
Renderer::~Renderer() = default;

Result<Renderer> Renderer::make(const Bodies& bodies, const Pool& pool, const Scenery& scenery,
                                const SimulatedCamera& camera) {
  auto context = LIDO_TRY(gl::Context::make());
  auto state = std::make_unique<State>(bodies, camera, std::move(context));
  LIDO_TRY(state->make_programs());
  state->send_places(pool, scenery);
  LIDO_TRY(state->make_frames());
  return Renderer(std::move(state));
}

Result<Program> Renderer::State::program(const std::string& vertex, const std::string& fragment) {
  return Program{LIDO_TRY(gl.program(vertex, fragment)), {}};
}

GLint Renderer::State::place(Program& of, const char* name) {
  const auto [at, fresh] = of.places.try_emplace(name, 0);
  if (fresh) at->second = gl->GetUniformLocation(of.id, name);
  return at->second;
}

Result<void> Renderer::State::make_programs() {
  using namespace shaders;
  reach = static_cast<float>(camera.max_field());
  for (const bool below : {false, true}) {
    const std::string defines = below ? "#define UNDER 1\n" : "#define UNDER 0\n";
    people[below ? 1 : 0] = LIDO_TRY(program(joined(defines, {kCamera, kShow, kBodyVertex}),
                                             joined(defines, {kLight, kBodyFragment})));
    for (int family = 0; family < kFamilies; ++family) {
      const std::string of = defines + fmt::format("#define FAMILY {}\n", family);
      stocks.push_back({below,
                        LIDO_TRY(program(joined(of, {kCamera, kShow, kPlaceVertex}),
                                         joined(of, {kLight, kPlaceFragment}))),
                        0, 0});
    }
  }
  // The water bends what it shows by the camera's own rule; both know the eye.
  std::string rule = kCamera;
  constexpr std::string_view kEye = "uniform vec3 eye;";
  rule.erase(rule.find(kEye), kEye.size());
  water = LIDO_TRY(program(joined("", {kCamera, kWaves, kWaterVertex}),
                           joined("#define UNDER 0\n", {kLight, rule, kWaves, kWaterFragment})));
  sensor = LIDO_TRY(
      program(joined("", {kWholeVertex}),
              joined(camera.dirt > 0 ? "#define DIRTY 1\n" : "#define DIRTY 0\n", {kSensor})));
  return {};
}

void Renderer::State::send_places(const Pool& pool, const Scenery& scenery) {
  gl->GenVertexArrays(1, &empty_array);

  const auto upload = [&](GLuint& array, const void* data, size_t bytes) {
    GLuint buffer = 0;
    gl->GenVertexArrays(1, &array);
    gl->BindVertexArray(array);
    gl->GenBuffers(1, &buffer);
    gl->BindBuffer(GL_ARRAY_BUFFER, buffer);
    gl->BufferData(GL_ARRAY_BUFFER, static_cast<GLsizeiptr>(bytes), data, GL_STATIC_DRAW);
  };
  const auto attribute = [&](GLuint number, int size, size_t stride, size_t offset) {
    gl->EnableVertexAttribArray(number);
    gl->VertexAttribPointer(number, size, GL_FLOAT, GL_FALSE, static_cast<GLsizei>(stride),
                            reinterpret_cast<const void*>(offset));
  };
  const auto everything = build_place(pool, scenery);
  std::vector<PlaceVertex> fixed;
  for (size_t i = 0; i < stocks.size(); ++i) {
    Stock& stock = stocks[i];
    stock.first = static_cast<GLint>(fixed.size());
    for (size_t v = 0; v < everything.size(); v += 3) {
      const auto [low, high] =
          std::minmax({everything[v].position.z(), everything[v + 1].position.z(),
                       everything[v + 2].position.z()});
      if (family_of(everything[v].material) == static_cast<int>(i) % kFamilies &&
          (stock.below ? low < 0 : high > 0))
        fixed.insert(fixed.end(), everything.begin() + static_cast<ptrdiff_t>(v),
                     everything.begin() + static_cast<ptrdiff_t>(v) + 3);
    }
    stock.count = static_cast<GLsizei>(fixed.size()) - stock.first;
  }
  upload(place_array, fixed.data(), fixed.size() * sizeof(PlaceVertex));
  attribute(0, 3, sizeof(PlaceVertex), offsetof(PlaceVertex, position));
  attribute(1, 3, sizeof(PlaceVertex), offsetof(PlaceVertex, normal));
  attribute(2, 3, sizeof(PlaceVertex), offsetof(PlaceVertex, colour));
  attribute(3, 1, sizeof(PlaceVertex), offsetof(PlaceVertex, material));
  const auto surface = build_surface(pool);
  surface_count = static_cast<GLsizei>(surface.size());
  upload(surface_array, surface.data(), surface.size() * sizeof surface[0]);
  attribute(0, 3, sizeof surface[0], 0);
}

Result<void> Renderer::State::make_frames() {
  const int w = camera.width, h = camera.height;
  const auto texture = [&](GLuint& name, GLenum format, GLenum layout, GLenum type, GLint filter) {
    gl->GenTextures(1, &name);
    gl->BindTexture(GL_TEXTURE_2D, name);
    gl->TexImage2D(GL_TEXTURE_2D, 0, static_cast<GLint>(format), w, h, 0, layout, type, nullptr);
    for (const GLenum which : {GL_TEXTURE_MIN_FILTER, GL_TEXTURE_MAG_FILTER})
      gl->TexParameteri(GL_TEXTURE_2D, which, filter);
    for (const GLenum which : {GL_TEXTURE_WRAP_S, GL_TEXTURE_WRAP_T})
      gl->TexParameteri(GL_TEXTURE_2D, which, GL_CLAMP_TO_EDGE);
  };
  const auto depth = [&](int samples) {
    GLuint buffer = 0;
    gl->GenRenderbuffers(1, &buffer);
    gl->BindRenderbuffer(GL_RENDERBUFFER, buffer);
    gl->RenderbufferStorageMultisample(GL_RENDERBUFFER, samples, GL_DEPTH_COMPONENT32F, w, h);
    gl->FramebufferRenderbuffer(GL_FRAMEBUFFER, GL_DEPTH_ATTACHMENT, GL_RENDERBUFFER, buffer);
  };
  constexpr GLenum kBoth[] = {GL_COLOR_ATTACHMENT0, GL_COLOR_ATTACHMENT1};
  for (const auto& [frame, colour, who, with_depth] :
       {std::tuple(&under, &under_colour, &under_who, true),
        std::tuple(&one, &one_colour, &one_who, false)}) {
    texture(*colour, GL_RGBA8, GL_RGBA, GL_UNSIGNED_BYTE, GL_LINEAR);
    texture(*who, GL_R8UI, GL_RED_INTEGER, GL_UNSIGNED_BYTE, GL_NEAREST);
    gl->GenFramebuffers(1, frame);
    gl->BindFramebuffer(GL_FRAMEBUFFER, *frame);
    gl->FramebufferTexture2D(GL_FRAMEBUFFER, kBoth[0], GL_TEXTURE_2D, *colour, 0);
    gl->FramebufferTexture2D(GL_FRAMEBUFFER, kBoth[1], GL_TEXTURE_2D, *who, 0);
    if (with_depth) depth(0);
    gl->DrawBuffers(2, kBoth);
  }
  gl->GenFramebuffers(1, &many);
  gl->BindFramebuffer(GL_FRAMEBUFFER, many);
  for (const auto& [where, format] :
       {std::pair(kBoth[0], GL_RGBA8), std::pair(kBoth[1], GL_R8UI)}) {
    GLuint buffer = 0;
    gl->GenRenderbuffers(1, &buffer);
    gl->BindRenderbuffer(GL_RENDERBUFFER, buffer);
    gl->RenderbufferStorageMultisample(GL_RENDERBUFFER, kSamples, static_cast<GLenum>(format), w,
                                       h);
    gl->FramebufferRenderbuffer(GL_FRAMEBUFFER, where, GL_RENDERBUFFER, buffer);
  }
  depth(kSamples);
  gl->DrawBuffers(2, kBoth);
  GLuint developed_colour = 0;
  texture(developed_colour, GL_RGBA8, GL_RGBA, GL_UNSIGNED_BYTE, GL_LINEAR);
  gl->GenFramebuffers(1, &developed);
  gl->BindFramebuffer(GL_FRAMEBUFFER, developed);
  gl->FramebufferTexture2D(GL_FRAMEBUFFER, kBoth[0], GL_TEXTURE_2D, developed_colour, 0);
  for (const GLuint frame : {under, many, one, developed}) {
    gl->BindFramebuffer(GL_FRAMEBUFFER, frame);
    if (gl->CheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE)
      return fail(ErrorCode::kUnavailable, "{} draws no pictures of {}x{} with {} samples",
                  gl.renderer(), w, h, kSamples);
  }
  gl->Viewport(0, 0, w, h);
  gl->PixelStorei(GL_PACK_ALIGNMENT, 1);
  gl->Enable(GL_CLIP_DISTANCE0);
  return {};
}

void Renderer::State::tell(Program& to, double time_s, const Light& light, double turbidity) {
  gl->UseProgram(to.id);
  const Eigen::Vector3f eye = camera.position.cast<float>(), sun = light.sun.cast<float>();
  const Eigen::Matrix3f turn = camera.cam_from_world.cast<float>();
  const Eigen::Vector4f focal(static_cast<float>(camera.fx), static_cast<float>(camera.fy),
                              static_cast<float>(camera.cx), static_cast<float>(camera.cy));
  const Eigen::Vector4f k(static_cast<float>(camera.k[0]), static_cast<float>(camera.k[1]),
                          static_cast<float>(camera.k[2]), static_cast<float>(camera.k[3]));
  gl->Uniform3fv(place(to, "eye"), 1, eye.data());
  gl->UniformMatrix3fv(place(to, "turn"), 1, GL_FALSE, turn.data());
  gl->Uniform4fv(place(to, "focal"), 1, focal.data());
  gl->Uniform2f(place(to, "size"), static_cast<float>(camera.width),
                static_cast<float>(camera.height));
  gl->Uniform1i(place(to, "fisheye"), camera.lens == geometry::Lens::kFisheye ? 1 : 0);
  gl->Uniform4fv(place(to, "k"), 1, k.data());
  gl->Uniform1f(place(to, "k5"), static_cast<float>(camera.k[4]));
  gl->Uniform1f(place(to, "reach"), reach);
  gl->Uniform3fv(place(to, "sun"), 1, sun.data());
  gl->Uniform3fv(place(to, "sunlight"), 1, light.sunlight.data());
  gl->Uniform3fv(place(to, "skylight"), 1, light.skylight.data());
  gl->Uniform1f(place(to, "lamps"), static_cast<float>(light.lamps));
  gl->Uniform1f(place(to, "infrared"), light.infrared ? 1.0F : 0.0F);
  gl->Uniform1f(place(to, "time"), static_cast<float>(std::fmod(time_s, 4096)));
  gl->Uniform1f(place(to, "turbidity"), static_cast<float>(turbidity));
  gl->Uniform4fv(place(to, "people"), static_cast<GLsizei>(shadows.size()),
                 shadows.empty() ? focal.data() : shadows[0].data());
  gl->Uniform1i(place(to, "count"), static_cast<GLint>(shadows.size()));
}

void Renderer::State::draw_places(bool below, double time_s, const Light& light, double turbidity) {
  gl->BindVertexArray(place_array);
  for (Stock& stock : stocks) {
    if (stock.below != below || stock.count == 0) continue;
    tell(stock.program, time_s, light, turbidity);
    gl->DrawArrays(GL_TRIANGLES, stock.first, stock.count);
  }
}

std::array<Renderer::State::BodyBuffers, 2> Renderer::State::make_buffers() {
  std::array<BodyBuffers, 2> both;
  for (const Mesh mesh : {Mesh::kFar, Mesh::kNear}) {
    const MeshTopology& topology = bodies.topology(mesh);
    BodyBuffers& own = both[static_cast<size_t>(mesh)];
    GLuint still = 0, indices = 0;
    gl->GenVertexArrays(1, &own.array);
    gl->BindVertexArray(own.array);
    gl->GenBuffers(1, &own.moving);
    gl->BindBuffer(GL_ARRAY_BUFFER, own.moving);
    const size_t count = topology.place.size(), bytes = count * sizeof(Eigen::Vector3f);
    gl->BufferData(GL_ARRAY_BUFFER, static_cast<GLsizeiptr>(2 * bytes), nullptr, GL_STREAM_DRAW);
    for (const GLuint number : {0U, 1U}) {
      gl->EnableVertexAttribArray(number);
      gl->VertexAttribPointer(number, 3, GL_FLOAT, GL_FALSE, 0,
                              reinterpret_cast<const void*>(number * bytes));
    }
    gl->GenBuffers(1, &still);
    gl->BindBuffer(GL_ARRAY_BUFFER, still);
    gl->BufferData(GL_ARRAY_BUFFER, static_cast<GLsizeiptr>(bytes), topology.place.data(),
                   GL_STATIC_DRAW);
    gl->EnableVertexAttribArray(2);
    gl->VertexAttribPointer(2, 3, GL_FLOAT, GL_FALSE, 0, nullptr);
    gl->GenBuffers(1, &indices);
    gl->BindBuffer(GL_ELEMENT_ARRAY_BUFFER, indices);
    own.indices = static_cast<GLsizei>(3 * topology.triangles.size());
    gl->BufferData(GL_ELEMENT_ARRAY_BUFFER, own.indices * static_cast<GLsizeiptr>(sizeof(uint32_t)),
                   topology.triangles.data(), GL_STATIC_DRAW);
  }
  return both;
}

void Renderer::State::send_bodies(const std::vector<Subject>& subjects) {
  meshes.clear();
  shadows.clear();
  rings.clear();
  while (body_buffers.size() < subjects.size()) body_buffers.push_back(make_buffers());
  for (size_t i = 0; i < subjects.size(); ++i) {
    const Subject& subject = subjects[i];
    const double away = (subject.placed->in_scene.translation() - camera.position).norm();
    const double tall_px = camera.fy * subject.figure->face[0].y() / std::max(away, 0.5);
    const Mesh mesh = tall_px > kNear_px ? Mesh::kNear : Mesh::kFar;
    meshes.push_back(mesh);
    const MeshTopology& topology = bodies.topology(mesh);
    skin(topology, subject.figure->vertices[static_cast<size_t>(mesh)], subject.placed->posed,
         subject.placed->in_scene, points);
    normals.assign(points.size(), Eigen::Vector3f::Zero());
    for (const auto& [a, b, c] : topology.triangles) {
      const Eigen::Vector3f normal = (points[b] - points[a]).cross(points[c] - points[a]);
      normals[a] += normal, normals[b] += normal, normals[c] += normal;
    }
    gl->BindBuffer(GL_ARRAY_BUFFER, body_buffers[i][static_cast<size_t>(mesh)].moving);
    const auto bytes = static_cast<GLsizeiptr>(points.size() * sizeof(Eigen::Vector3f));
    gl->BufferSubData(GL_ARRAY_BUFFER, 0, bytes, points.data());
    gl->BufferSubData(GL_ARRAY_BUFFER, bytes, bytes, normals.data());
    const auto [low, high] =
        std::ranges::minmax(points, {}, [](const Eigen::Vector3f& p) { return p.z(); });
    const Eigen::Vector3f hips =
        (subject.placed->in_scene * subject.placed->posed.joint(*subject.figure, 0)).cast<float>();
    if (shadows.size() < kShadows) shadows.emplace_back(hips.x(), hips.y(), low.z(), high.z());
    if (subject.in_water && subject.stir > 0 && high.z() > -0.4F && rings.size() < kRings)
      rings.emplace_back(hips.x(), hips.y(), static_cast<float>(0.028 * subject.stir),
                         static_cast<float>(subject.stir));
  }
}

void Renderer::State::draw_bodies(Program& with, bool below, const std::vector<Subject>& subjects) {
  for (size_t i = 0; i < subjects.size(); ++i) {
    if (below && !subjects[i].in_water && subjects[i].placed->in_scene.translation().z() > 1.5)
      continue;
    const Look& look = *subjects[i].look;
    gl->Uniform3fv(place(with, "skin"), 1, look.skin.data());
    gl->Uniform3fv(place(with, "hair"), 1, look.hair.data());
    gl->Uniform3fv(place(with, "cloth"), 1, look.cloth.data());
    gl->Uniform3fv(place(with, "trim"), 1, look.trim.data());
    gl->Uniform1i(place(with, "wear"), static_cast<GLint>(look.wear));
    gl->Uniform1f(place(with, "hair_down"), static_cast<float>(look.hair_down_m));
    gl->Uniform1i(place(with, "cap"), look.cap ? 1 : 0);
    gl->Uniform1ui(place(with, "id"), static_cast<GLuint>(i + 1));
    const BodyBuffers& own = body_buffers[i][static_cast<size_t>(meshes[i])];
    gl->BindVertexArray(own.array);
    gl->DrawElements(GL_TRIANGLES, own.indices, GL_UNSIGNED_INT, nullptr);
  }
}

void Renderer::State::draw_water(double time_s, const Water& surface, const Light& light,
                                 double turbidity) {
  tell(water, time_s, light, turbidity);
  std::array<Eigen::Vector4f, kWaveCount> waves;
  waves.fill(Eigen::Vector4f::Zero());
  for (size_t i = 0; i < std::min(kWaveCount, surface.waves().size()); ++i) {
    const Water::Wave& wave = surface.waves()[i];
    waves[i] = Eigen::Vector4f(
        static_cast<float>(wave.kx), static_cast<float>(wave.ky),
        static_cast<float>(wave.amplitude),
        static_cast<float>(std::remainder(wave.phase - wave.omega * time_s, 2 * M_PI)));
  }
  gl->Uniform4fv(place(water, "waves"), kWaveCount, waves[0].data());
  if (!rings.empty())
    gl->Uniform4fv(place(water, "rings"), static_cast<GLsizei>(rings.size()), rings[0].data());
  gl->Uniform1i(place(water, "ring_count"), static_cast<GLint>(rings.size()));
  gl->Uniform3fv(place(water, "horizon"), 1, light.horizon.data());
  gl->Uniform3fv(place(water, "zenith"), 1, light.zenith.data());
  gl->Uniform1i(place(water, "seen"), 0);
  gl->Uniform1i(place(water, "seen_who"), 1);
  gl->ActiveTexture(GL_TEXTURE0);
  gl->BindTexture(GL_TEXTURE_2D, under_colour);
  gl->ActiveTexture(GL_TEXTURE1);
  gl->BindTexture(GL_TEXTURE_2D, under_who);
  gl->ActiveTexture(GL_TEXTURE0);
  gl->BindVertexArray(surface_array);
  gl->DrawArrays(GL_TRIANGLES, 0, surface_count);
}

Picture Renderer::draw(const SimulatedCamera& camera, double time_s, int64_t frame,
                       const std::vector<Subject>& given, const Water& surface, double turbidity,
                       const Light& light) {
  State& s = *state_;
  s.camera = camera;
  const gl::Functions& gl = *s.gl;
  std::vector<Subject> subjects(
      given.begin(), given.begin() + static_cast<ptrdiff_t>(std::min(given.size(), kMostPeople)));
  s.send_bodies(subjects);
  gl.Enable(GL_DEPTH_TEST);
  const auto clear = [&](const Colour& colour, float alpha) {
    const float background[] = {colour.x(), colour.y(), colour.z(), alpha};
    constexpr GLuint kNobody[] = {0, 0, 0, 0};
    constexpr float kFar = 1;
    gl.ClearBufferfv(GL_COLOR, 0, background);
    gl.ClearBufferuiv(GL_COLOR, 1, kNobody);
    gl.ClearBufferfv(GL_DEPTH, 0, &kFar);
  };
  for (const bool below : {true, false}) {
    gl.BindFramebuffer(GL_FRAMEBUFFER, below ? s.under : s.many);
    clear(below            ? Colour(0.05F, 0.15F, 0.18F)
          : light.infrared ? Colour(0.0F, 0.0F, 0.0F)
                           : light.horizon,
          below ? 0.3F : 1);
    // What hides others comes first.
    Program& people = s.people[below ? 1 : 0];
    s.tell(people, time_s, light, turbidity);
    s.draw_bodies(people, below, subjects);
    if (!below) s.draw_water(time_s, surface, light, turbidity);
    s.draw_places(below, time_s, light, turbidity);
  }
  const int w = s.camera.width, h = s.camera.height;
  gl.BindFramebuffer(GL_READ_FRAMEBUFFER, s.many);
  gl.BindFramebuffer(GL_DRAW_FRAMEBUFFER, s.one);
  for (const GLenum which : {GL_COLOR_ATTACHMENT0, GL_COLOR_ATTACHMENT1}) {
    gl.ReadBuffer(which);
    const GLenum only[] = {which == GL_COLOR_ATTACHMENT0 ? which : GL_NONE,
                           which == GL_COLOR_ATTACHMENT1 ? which : GL_NONE};
    gl.DrawBuffers(2, only);
    gl.BlitFramebuffer(0, 0, w, h, 0, 0, w, h, GL_COLOR_BUFFER_BIT, GL_NEAREST);
  }
  Picture picture{{w, h, std::vector<uint8_t>(static_cast<size_t>(w * h) * 3)},
                  std::vector<uint8_t>(static_cast<size_t>(w * h))};
  gl.BindFramebuffer(GL_READ_FRAMEBUFFER, s.one);
  gl.ReadBuffer(GL_COLOR_ATTACHMENT1);
  gl.ReadPixels(0, 0, w, h, GL_RED_INTEGER, GL_UNSIGNED_BYTE, picture.who.data());
  for (int y = 0; y < h / 2; ++y)
    std::swap_ranges(picture.who.begin() + y * w, picture.who.begin() + (y + 1) * w,
                     picture.who.begin() + (h - 1 - y) * w);

  gl.Disable(GL_DEPTH_TEST);
  gl.BindFramebuffer(GL_FRAMEBUFFER, s.developed);
  gl.UseProgram(s.sensor.id);
  gl.BindTexture(GL_TEXTURE_2D, s.one_colour);
  gl.Uniform1i(s.place(s.sensor, "picture"), 0);
  gl.Uniform2f(s.place(s.sensor, "size"), static_cast<float>(w), static_cast<float>(h));
  // What a camera's automatic gain leaves of the light's changes.
  const double bright = light.infrared
                            ? 0.5
                            : 0.15 + light.skylight.sum() / 3 +
                                  0.7 * light.sunlight.sum() / 3 * std::max(0.1, light.sun.z()) +
                                  0.35 * light.lamps;
  const double gain = std::pow(1.3 / bright, 0.75);
  gl.Uniform1f(s.place(s.sensor, "exposure"), static_cast<float>(s.camera.exposure * gain));
  gl.Uniform1f(s.place(s.sensor, "softness"), static_cast<float>(s.camera.softness));
  gl.Uniform1f(s.place(s.sensor, "noise_level"),
               static_cast<float>(s.camera.noise * std::sqrt(std::max(1.0, gain))));
  gl.Uniform1f(s.place(s.sensor, "dirt"), static_cast<float>(s.camera.dirt));
  gl.Uniform1f(s.place(s.sensor, "infrared"), light.infrared ? 1.0F : 0.0F);
  gl.Uniform1i(s.place(s.sensor, "frame"), static_cast<GLint>(frame & 0xFFFFFF));
  gl.Uniform1f(s.place(s.sensor, "seed"),
               static_cast<float>(std::hash<std::string>{}(s.camera.name) & 0xFFFF));
  gl.BindVertexArray(s.empty_array);
  gl.DrawArrays(GL_TRIANGLES, 0, 3);
  gl.ReadBuffer(GL_COLOR_ATTACHMENT0);
  gl.ReadPixels(0, 0, w, h, GL_RGB, GL_UNSIGNED_BYTE, picture.image.rgb.data());
  return picture;
}

}  // namespace lido::synth
