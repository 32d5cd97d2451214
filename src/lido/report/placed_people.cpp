// SPDX-License-Identifier: Apache-2.0
#include "lido/report/placed_people.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <initializer_list>

namespace lido::report {
namespace {

constexpr const char* kTracks = "tracks3d.parquet";

/// Mean place of the joints of some names; nothing without any.
std::optional<geometry::Vector3> mean_of(const PlacedPerson& person,
                                         std::initializer_list<std::string_view> names) {
  geometry::Vector3 sum = geometry::Vector3::Zero();
  int count = 0;
  for (const PlacedJoint& one : person.joints) {
    if (names.size() > 0 && std::ranges::find(names, one.name) == names.end()) continue;
    sum += one.point_in_world;
    ++count;
  }
  if (count == 0) return std::nullopt;
  return sum / count;
}

Result<PlacedJoint> joint_of(dataset::JointRow&& row) {
  const auto& c = row.covariance_m2;
  const geometry::Vector3 point(row.x_m, row.y_m, row.z_m);
  const bool is_finite = point.allFinite() && std::isfinite(row.time_s);
  if (!is_finite || c.size() != 6)
    return fail(ErrorCode::kCorrupt, "{}: a row at {} s has the place {}, {}, {} m, want numbers",
                kTracks, row.time_s, row.x_m, row.y_m, row.z_m);
  PlacedJoint joint{.name = std::move(row.joint), .point_in_world = point};
  joint.covariance << c[0], c[1], c[2], c[1], c[3], c[4], c[2], c[4], c[5];
  joint.cameras = std::move(row.cameras);
  return joint;
}

}  // namespace

bool PlacedJoint::is_seen_by(const std::string& camera) const {
  return std::ranges::find(cameras, camera) != cameras.end();
}

double PlacedJoint::max_sigma_m() const {
  if (!covariance.allFinite()) return INFINITY;
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(covariance, Eigen::EigenvaluesOnly);
  return std::sqrt(std::max(0.0, solver.eigenvalues()[2]));
}

geometry::Vector3 PlacedPerson::middle() const {
  const auto trunk = mean_of(*this, {"left_shoulder", "right_shoulder", "left_hip", "right_hip"});
  return trunk.value_or(mean_of(*this, {}).value_or(geometry::Vector3::Zero()));
}

std::optional<double> PlacedPerson::head_depth_m() const {
  auto head = mean_of(*this, {"nose", "left_eye", "right_eye", "left_ear", "right_ear"});
  if (!head) head = mean_of(*this, {"left_shoulder", "right_shoulder"});
  if (!head) return std::nullopt;
  return std::max(0.0, -head->z());
}

std::string label_of(const PlacedPerson& person) {
  constexpr double kMinDepth_m = 0.05;
  const double depth_m = person.head_depth_m().value_or(0);
  if (depth_m < kMinDepth_m) return fmt::format("{}", person.id);
  return fmt::format("{}  {:.1f} m deep", person.id, depth_m);
}

int64_t Timing::moment_of(double time_s) const {
  return std::llround(std::clamp((time_s - first_s) * rate_hz, -1.0, 1e15));
}

Result<PlacedPeople> PlacedPeople::open(storage::Store& store, const Timing& timing) {
  PlacedPeople people(LIDO_TRY(dataset::TableReader<dataset::JointRow>::open(store, kTracks)),
                      timing);
  LIDO_TRY(people.read());
  return people;
}

Result<void> PlacedPeople::read() {
  row_ = LIDO_TRY(reader_.next());
  return {};
}

Result<std::vector<PlacedPerson>> PlacedPeople::at(int64_t moment) {
  std::vector<PlacedPerson> people;
  for (; row_ && timing_.moment_of(row_->time_s) <= moment; LIDO_TRY(read())) {
    if (timing_.moment_of(row_->time_s) < moment) continue;
    if (people.empty() || people.back().id != row_->person) people.push_back({.id = row_->person});
    people.back().joints.push_back(LIDO_TRY(joint_of(std::move(*row_))));
  }
  return people;
}

std::optional<int64_t> PlacedPeople::next_moment() const {
  if (!row_) return std::nullopt;
  return timing_.moment_of(row_->time_s);
}

}  // namespace lido::report
