// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/people_batch.h"

#include <algorithm>

namespace lido::synth {
namespace {

/// A body taller than this in the image is drawn with the dense mesh.
constexpr double kDenseMesh_px = 260;

Mesh mesh_for(const SimulatedCamera& camera, const Subject& subject) {
  constexpr double kMinDistance_m = 0.5;
  const double distance_m = (subject.placed->in_scene.translation() - camera.position).norm();
  const double tall_px =
      camera.fy * subject.figure->face[0].y() / std::max(distance_m, kMinDistance_m);
  return tall_px > kDenseMesh_px ? Mesh::kNear : Mesh::kFar;
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

void PeopleBatch::upload(const gl::Context& gl, const SimulatedCamera& camera,
                         const std::vector<Subject>& subjects) {
  meshes_.clear();
  shadows_.clear();
  rings_.clear();
  while (buffers_.size() < subjects.size()) buffers_.push_back(make_buffers(gl));
  for (size_t i = 0; i < subjects.size(); ++i) {
    const Subject& subject = subjects[i];
    const Mesh mesh = mesh_for(camera, subject);
    meshes_.push_back(mesh);
    const MeshTopology& topology = bodies_.topology(mesh);
    skin(topology, subject.figure->vertices[static_cast<size_t>(mesh)], subject.placed->posed,
         subject.placed->in_scene, points_);
    normals_.assign(points_.size(), Eigen::Vector3f::Zero());
    for (const auto& [a, b, c] : topology.triangles) {
      const Eigen::Vector3f normal = (points_[b] - points_[a]).cross(points_[c] - points_[a]);
      normals_[a] += normal, normals_[b] += normal, normals_[c] += normal;
    }
    gl->BindBuffer(GL_ARRAY_BUFFER, buffers_[i][static_cast<size_t>(mesh)].moving);
    const auto bytes = static_cast<GLsizeiptr>(points_.size() * sizeof(Eigen::Vector3f));
    gl->BufferSubData(GL_ARRAY_BUFFER, 0, bytes, points_.data());
    gl->BufferSubData(GL_ARRAY_BUFFER, bytes, bytes, normals_.data());
    add_effects(subject);
  }
}

void PeopleBatch::add_effects(const Subject& subject) {
  constexpr double kRingHeight_m = 0.028;
  constexpr float kMaxRingDepth_m = 0.4F;
  const auto [low, high] =
      std::ranges::minmax(points_, {}, [](const Eigen::Vector3f& p) { return p.z(); });
  const Eigen::Vector3f hips =
      (subject.placed->in_scene * subject.placed->posed.joint(*subject.figure, 0)).cast<float>();
  if (shadows_.size() < kMaxShadows) shadows_.emplace_back(hips.x(), hips.y(), low.z(), high.z());
  if (subject.in_water && subject.splash > 0 && high.z() > -kMaxRingDepth_m &&
      rings_.size() < kMaxRings)
    rings_.emplace_back(hips.x(), hips.y(), static_cast<float>(kRingHeight_m * subject.splash),
                        static_cast<float>(subject.splash));
}

void PeopleBatch::draw(const gl::Context& gl, Program& program, bool below,
                       const std::vector<Subject>& subjects) const {
  constexpr double kWhollyAbove_m = 1.5;
  const auto at = [&](const char* name) { return program.uniform_location(gl, name); };
  for (size_t i = 0; i < subjects.size(); ++i) {
    if (below && !subjects[i].in_water &&
        subjects[i].placed->in_scene.translation().z() > kWhollyAbove_m)
      continue;
    const Appearance& appearance = *subjects[i].appearance;
    gl->Uniform3fv(at("skin"), 1, appearance.skin.data());
    gl->Uniform3fv(at("hair"), 1, appearance.hair.data());
    gl->Uniform3fv(at("cloth"), 1, appearance.cloth.data());
    gl->Uniform3fv(at("trim"), 1, appearance.trim.data());
    gl->Uniform1i(at("wear"), static_cast<GLint>(appearance.wear));
    gl->Uniform1f(at("hair_length"), static_cast<float>(appearance.hair_length_m));
    gl->Uniform1i(at("cap"), appearance.cap ? 1 : 0);
    gl->Uniform1ui(at("subject_number"), static_cast<GLuint>(i + 1));
    const Buffers& own = buffers_[i][static_cast<size_t>(meshes_[i])];
    gl->BindVertexArray(own.array);
    gl->DrawElements(GL_TRIANGLES, own.indices, GL_UNSIGNED_INT, nullptr);
  }
}

}  // namespace lido::synth
