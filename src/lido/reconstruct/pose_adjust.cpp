// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/pose_adjust.h"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "lido/geometry/projection.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;
using geometry::Vector3;
using PoseRow = Eigen::Matrix<double, 2, kPoseParameters>;
using PoseStep = Eigen::Matrix<double, kPoseParameters, 1>;

constexpr double kRobust2 = kMaxClickSigmas * kMaxClickSigmas;

Eigen::Index free_count(LensFreedom lens) {
  switch (lens) {
    case LensFreedom::kFixed:
      return 6;
    case LensFreedom::kFocal:
      return 7;
    case LensFreedom::kDistortion:
      return 8;
    case LensFreedom::kAll:
      return 10;
  }
  return 6;
}

/// Cameras and water while they are adjusted.
struct PoolState {
  std::vector<Camera> cameras;
  double level_m = 0, index = 0;

  /// A camera as the water has it.
  Camera over_water(size_t i) const {
    Camera camera = cameras[i];
    camera.position.z() -= level_m;
    camera.water_index = index;
    return camera;
  }
  Vector3 over_water(const Vector3& point) const { return point - Vector3(0, 0, level_m); }
};

struct PoseEquations {
  Eigen::MatrixXd matrix;
  Eigen::VectorXd right;
  double cost = 0;
};

/// Places of the unknowns: each camera's, then level and index.
class PoseUnknowns {
 public:
  explicit PoseUnknowns(const PosesProblem& problem) {
    for (const LensFreedom lens : problem.lenses) {
      firsts_.push_back(count_);
      count_ += free_count(lens);
    }
    if (problem.level) level_ = count_++;
    if (problem.index) index_ = count_++;
  }
  Eigen::Index count() const { return count_; }
  Eigen::Index first(size_t camera) const { return firsts_[camera]; }
  std::optional<Eigen::Index> level() const { return level_; }
  std::optional<Eigen::Index> index() const { return index_; }

 private:
  std::vector<Eigen::Index> firsts_;
  Eigen::Index count_ = 0;
  std::optional<Eigen::Index> level_, index_;
};

PoseRow row_of(const geometry::Projection& seen, const Camera& camera) {
  PoseRow row;
  row << seen.by_rotation, seen.by_position,
      seen.by_intrinsics.col(0) * camera.fx + seen.by_intrinsics.col(1) * camera.fy,
      seen.by_distortion.col(0), seen.by_intrinsics.col(2), seen.by_intrinsics.col(3);
  return row;
}

std::optional<PoseEquations> equations_of(const PosesProblem& problem, const PoseUnknowns& unknowns,
                                          const PoolState& state) {
  const Eigen::Index n = unknowns.count();
  PoseEquations out{Eigen::MatrixXd::Zero(n, n), Eigen::VectorXd::Zero(n)};
  for (const Click& click : problem.clicks) {
    const Camera camera = state.over_water(click.camera);
    const auto seen =
        geometry::differentiate(camera, state.over_water(problem.points[click.point].at));
    if (!seen) return std::nullopt;
    const Eigen::Vector2d error = (seen->pixel - click.pixel) / problem.sigma_px;
    Eigen::Matrix2Xd row = Eigen::Matrix2Xd::Zero(2, n);
    const Eigen::Index free = free_count(problem.lenses[click.camera]);
    row.middleCols(unknowns.first(click.camera), free) = row_of(*seen, camera).leftCols(free);
    if (unknowns.level()) row.col(*unknowns.level()) = seen->by_level();
    if (unknowns.index()) row.col(*unknowns.index()) = seen->by_index;
    row /= problem.sigma_px;
    const double squared = error.squaredNorm(), weight = 1 / (1 + squared / kRobust2);
    out.cost += click_loss(squared);
    out.matrix.noalias() += weight * row.transpose() * row;
    out.right.noalias() -= weight * row.transpose() * error;
  }
  return out;
}

std::optional<double> cost_of(const PosesProblem& problem, const PoolState& state) {
  double cost = 0;
  for (const Click& click : problem.clicks) {
    const auto pixel = state.over_water(click.camera)
                           .project_through_water(state.over_water(problem.points[click.point].at));
    if (!pixel) return std::nullopt;
    cost +=
        click_loss((*pixel - click.pixel).squaredNorm() / (problem.sigma_px * problem.sigma_px));
  }
  return cost;
}

void move(Camera& camera, const PoseStep& by) {
  const Vector3 turn = by.segment<3>(kTurn);
  if (const double angle = turn.norm(); angle > 0) {
    const Eigen::Quaterniond rotation(Eigen::AngleAxisd(angle, turn / angle));
    camera.cam_from_world =
        (rotation * Eigen::Quaterniond(camera.cam_from_world)).normalized().toRotationMatrix();
  }
  camera.position += by.segment<3>(kPlace);
  camera.fx *= 1 + by[kFocalLength], camera.fy *= 1 + by[kFocalLength];
  camera.k[0] += by[kFirstCoefficient];
  camera.cx += by[kPrincipalPoint], camera.cy += by[kPrincipalPoint + 1];
}

PoolState moved(const PosesProblem& problem, const PoseUnknowns& unknowns, const PoolState& state,
                const Eigen::VectorXd& step) {
  PoolState out = state;
  for (size_t i = 0; i < out.cameras.size(); ++i) {
    PoseStep by = PoseStep::Zero();
    const Eigen::Index free = free_count(problem.lenses[i]);
    by.head(free) = step.segment(unknowns.first(i), free);
    move(out.cameras[i], by);
  }
  if (unknowns.level()) out.level_m += step[*unknowns.level()];
  if (unknowns.index()) out.index += step[*unknowns.index()];
  return out;
}

/// Whether the state is one that a pool can be in.
bool is_possible(const PoolState& state) {
  for (size_t i = 0; i < state.cameras.size(); ++i) {
    const Camera& one = state.cameras[i];
    if (!(one.fx > 1) || !(one.fy > 1) || std::abs(one.k[0]) > 2) return false;
  }
  return state.index > 1.01 && state.index < 2 && std::abs(state.level_m) < 5;
}

Result<void> add_covariances(const PosesProblem& problem, const PoseUnknowns& unknowns,
                             const PoseEquations& equations, AdjustedPoses& out) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(equations.matrix);
  const auto degenerate = [] {
    return fail(ErrorCode::kDegenerate, "the clicks do not determine the poses");
  };
  // Radians, metres and pixels are among the unknowns; rounding is far below this.
  constexpr double kMinRatio = 1e-11;
  if (eigen.info() != Eigen::Success ||
      !(eigen.eigenvalues().minCoeff() > kMinRatio * eigen.eigenvalues().maxCoeff()))
    return degenerate();
  const double freedom =
      2 * static_cast<double>(problem.clicks.size()) - static_cast<double>(unknowns.count());
  // Clicks that fit better than they should do not make the result better.
  const double variance = freedom > 0 ? std::max(1.0, out.robust_cost / freedom) : 1;
  const Eigen::MatrixXd covariance =
      variance * (eigen.eigenvectors() * eigen.eigenvalues().cwiseInverse().asDiagonal() *
                  eigen.eigenvectors().transpose());
  if (!covariance.allFinite()) return degenerate();
  for (size_t i = 0; i < problem.cameras.size(); ++i) {
    const Eigen::Index free = free_count(problem.lenses[i]), first = unknowns.first(i);
    out.covariances.emplace_back().setZero();
    out.covariances.back().topLeftCorner(free, free) = covariance.block(first, first, free, free);
  }
  if (unknowns.level())
    out.level_sigma_m = std::sqrt(covariance(*unknowns.level(), *unknowns.level()));
  if (unknowns.index())
    out.index_sigma = std::sqrt(covariance(*unknowns.index(), *unknowns.index()));
  return {};
}

}  // namespace

std::string_view name_of(LensFreedom lens) {
  constexpr std::array<std::string_view, 4> kNames = {"fixed", "focal", "distortion", "all"};
  return kNames[static_cast<size_t>(lens)];
}

double click_loss(double squared) { return kRobust2 * std::log1p(squared / kRobust2); }

Result<AdjustedPoses> adjust_poses(const PosesProblem& problem) {
  const PoseUnknowns unknowns(problem);
  PoolState state{problem.cameras, 0,
                  problem.cameras.empty() ? geometry::kWaterRefractiveIndex
                                          : problem.cameras.front().water_index};
  const auto hidden = [] {
    return fail(ErrorCode::kDegenerate, "a clicked point is behind its camera at the start");
  };
  auto equations = equations_of(problem, unknowns, state);
  if (!equations) return hidden();
  double damping = 1e-3;
  constexpr int kMaxIterations = 100;
  for (int i = 0; i < kMaxIterations && damping < 1e10; ++i) {
    Eigen::MatrixXd matrix = equations->matrix;
    matrix.diagonal() *= 1 + damping;
    matrix.diagonal().array() += 1e-12;
    const Eigen::VectorXd step = matrix.ldlt().solve(equations->right);
    if (step.allFinite() && step.dot(equations->right) < 1e-9) break;
    const auto next =
        step.allFinite() ? std::optional(moved(problem, unknowns, state, step)) : std::nullopt;
    const auto cost = next && is_possible(*next) ? cost_of(problem, *next) : std::nullopt;
    if (!cost || !(*cost < equations->cost)) {
      damping *= 10;
      continue;
    }
    state = *next;
    damping = std::max(damping / 10, 1e-12);
    equations = equations_of(problem, unknowns, state);
    if (!equations) return hidden();
  }
  AdjustedPoses out{.cameras = state.cameras,
                    .level_m = state.level_m,
                    .index = state.index,
                    .covariances = {},
                    .errors_px = {},
                    .robust_cost = equations->cost};
  for (const Click& click : problem.clicks)
    out.errors_px.push_back(
        *state.over_water(click.camera)
             .project_through_water(state.over_water(problem.points[click.point].at)) -
        click.pixel);
  LIDO_TRY(add_covariances(problem, unknowns, *equations, out));
  return out;
}

}  // namespace lido::reconstruct
