// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/people_batch.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lido::synth {
namespace {

/// A body taller than this in the image is drawn with the dense mesh.
constexpr double kDenseMesh_px = 260;

/// Height of a standing body in the image, pixels.
double tall_px(const SimulatedCamera& camera, const Subject& subject) {
  constexpr double kMinDistance_m = 0.5;
  const double distance_m = (subject.placed->in_scene.translation() - camera.position).norm();
  return camera.fy * subject.figure->face[0].y() / std::max(distance_m, kMinDistance_m);
}

/// Middle of a body, and the radius of a ball around it.
std::pair<Vector3, double> ball_around(const Subject& subject) {
  const Vector3 hips = subject.placed->in_scene * subject.placed->posed.joint(*subject.figure, 0);
  constexpr double kReach = 0.8;
  return {hips, kReach * subject.figure->face[0].y() + 0.2};
}

}  // namespace

std::array<PeopleBatch::Buffers, 2> PeopleBatch::make_buffers(const gl::Context& gl) const {
  std::array<Buffers, 2> both;
  for (const Mesh mesh : {Mesh::kFar, Mesh::kNear}) {
    const MeshTopology& topology = bodies_.topology(mesh);
    Buffers& own = both[static_cast<size_t>(mesh)];
    GLuint still = 0, indices = 0;
    gl->GenVertexArrays(1, &own.array);
    gl->BindVertexArray(own.array);
    gl->GenBuffers(1, &own.moving);
    gl->BindBuffer(GL_ARRAY_BUFFER, own.moving);
    const size_t count = topology.rest_positions.size(), bytes = count * sizeof(Eigen::Vector3f);
    gl->BufferData(GL_ARRAY_BUFFER, static_cast<GLsizeiptr>(2 * bytes), nullptr, GL_STREAM_DRAW);
    for (const GLuint number : {0U, 1U}) {
      gl->EnableVertexAttribArray(number);
      gl->VertexAttribPointer(number, 3, GL_FLOAT, GL_FALSE, 0, gl::byte_offset(number * bytes));
    }
    gl->GenBuffers(1, &still);
    gl->BindBuffer(GL_ARRAY_BUFFER, still);
    gl->BufferData(GL_ARRAY_BUFFER, static_cast<GLsizeiptr>(bytes), topology.rest_positions.data(),
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

bool may_see(const SimulatedCamera& camera, const Vector3& middle, double radius_m) {
  const Vector3 p = camera.cam_from_world * (middle - camera.position);
  const double distance_m = p.norm();
  if (distance_m <= 2 * radius_m) return true;
  const double x = std::max(camera.cx, camera.width - camera.cx) / camera.fx;
  const double y = std::max(camera.cy, camera.height - camera.cy) / camera.fy;
  const double corner = std::hypot(x, y);
  // The angle of the farthest corner, by bisection of the lens's model.
  double low = 0, high = camera.max_field();
  for (int i = 0; i < 30; ++i) {
    const double field = (low + high) / 2;
    (camera.distorted_radius(field) < corner ? low : high) = field;
  }
  const double corner_rad = camera.lens == geometry::Lens::kBrown ? std::atan(high) : high;
  // Water bends rays, and moves things by a few degrees.
  constexpr double kWater_rad = 0.15;
  const double away_rad = std::acos(std::clamp(p.z() / distance_m, -1.0, 1.0));
  return away_rad - std::asin(radius_m / distance_m) < corner_rad + kWater_rad;
}

void PeopleBatch::upload(const gl::Context& gl, const SimulatedCamera& camera,
                         const std::vector<Subject>& subjects) {
  drawn_.clear();
  shadows_.clear();
  rings_.clear();
  while (buffers_.size() < subjects.size()) buffers_.push_back(make_buffers(gl));
  for (size_t i = 0; i < subjects.size(); ++i) {
    const Subject& subject = subjects[i];
    const double high_px = tall_px(camera, subject);
    const auto [middle, radius_m] = ball_around(subject);
    const Mesh mesh = high_px > kDenseMesh_px ? Mesh::kNear : Mesh::kFar;
    Drawn drawn{mesh, may_see(camera, middle, radius_m), high_px < kSmall_px};
    const MeshTopology& topology = bodies_.topology(drawn.in_view ? mesh : Mesh::kFar);
    skin(topology, subject.figure->vertices[static_cast<size_t>(drawn.in_view ? mesh : Mesh::kFar)],
         subject.placed->posed, subject.placed->in_scene, points_);
    const auto [low, high] =
        std::ranges::minmax(points_, {}, [](const Eigen::Vector3f& p) { return p.z(); });
    drawn.low_m = low.z(), drawn.high_m = high.z();
    drawn_.push_back(drawn);
    add_effects(subject);
    if (!drawn.in_view) continue;
    normals_.assign(points_.size(), Eigen::Vector3f::Zero());
    for (const auto& [a, b, c] : topology.triangles) {
      const Eigen::Vector3f normal = (points_[b] - points_[a]).cross(points_[c] - points_[a]);
      normals_[a] += normal, normals_[b] += normal, normals_[c] += normal;
    }
    gl->BindBuffer(GL_ARRAY_BUFFER, buffers_[i][static_cast<size_t>(mesh)].moving);
    const auto bytes = static_cast<GLsizeiptr>(points_.size() * sizeof(Eigen::Vector3f));
    gl->BufferSubData(GL_ARRAY_BUFFER, 0, bytes, points_.data());
    gl->BufferSubData(GL_ARRAY_BUFFER, bytes, bytes, normals_.data());
  }
  keep_nearest_effects(camera);
}

void PeopleBatch::add_effects(const Subject& subject) {
  constexpr double kRingHeight_m = 0.028;
  constexpr float kMaxRingDepth_m = 0.4F;
  const Drawn& drawn = drawn_.back();
  const Eigen::Vector3f hips =
      (subject.placed->in_scene * subject.placed->posed.joint(*subject.figure, 0)).cast<float>();
  shadows_.emplace_back(hips.x(), hips.y(), drawn.low_m, drawn.high_m);
  if (subject.in_water && subject.splash > 0 && drawn.high_m > -kMaxRingDepth_m)
    rings_.emplace_back(hips.x(), hips.y(), static_cast<float>(kRingHeight_m * subject.splash),
                        static_cast<float>(subject.splash));
}

void PeopleBatch::keep_nearest_effects(const SimulatedCamera& camera) {
  const Eigen::Vector2f eye = camera.position.head<2>().cast<float>();
  const auto keep = [&](std::vector<Eigen::Vector4f>& effects, size_t count) {
    std::ranges::stable_sort(effects, {}, [&](const Eigen::Vector4f& effect) {
      return (effect.head<2>() - eye).squaredNorm();
    });
    if (effects.size() > count) effects.resize(count);
  };
  keep(shadows_, kMaxShadows);
  keep(rings_, kMaxRings);
}

void PeopleBatch::draw(const gl::Context& gl, Program& program, const Part& part,
                       const std::vector<Subject>& subjects) const {
  const auto at = [&](const char* name) { return program.uniform_location(gl, name); };
  // Heights at which show.glsl clips: bodies beyond them are left out.
  constexpr float kClipBelow_m = 0.001F, kClipAbove_m = -0.05F;
  for (size_t i = 0; i < subjects.size(); ++i) {
    const Drawn& drawn = drawn_[i];
    if (!drawn.in_view || drawn.small != part.small) continue;
    if (part.below ? drawn.low_m > kClipBelow_m : drawn.high_m < kClipAbove_m) continue;
    const Appearance& appearance = *subjects[i].appearance;
    gl->Uniform3fv(at("skin"), 1, appearance.skin.data());
    gl->Uniform3fv(at("hair"), 1, appearance.hair.data());
    gl->Uniform3fv(at("cloth"), 1, appearance.cloth.data());
    gl->Uniform3fv(at("trim"), 1, appearance.trim.data());
    gl->Uniform1i(at("wear"), static_cast<GLint>(appearance.wear));
    gl->Uniform1f(at("hair_length"), static_cast<float>(appearance.hair_length_m));
    gl->Uniform1f(at("over_face"), static_cast<float>(appearance.hair_over_face));
    gl->Uniform1f(at("wet"), subjects[i].in_water ? 1.0F : 0.0F);
    gl->Uniform1i(at("cap"), appearance.cap ? 1 : 0);
    gl->Uniform1ui(at("subject_number"), static_cast<GLuint>(i + 1));
    const Buffers& own = buffers_[i][static_cast<size_t>(drawn.mesh)];
    gl->BindVertexArray(own.array);
    gl->DrawElements(GL_TRIANGLES, own.indices, GL_UNSIGNED_INT, nullptr);
  }
}

}  // namespace lido::synth
