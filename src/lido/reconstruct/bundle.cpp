// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/bundle.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <optional>

#include "lido/geometry/projection.h"

namespace lido::reconstruct {
namespace {

using geometry::Vector3;
using Matrix6 = Eigen::Matrix<double, 6, 6>;
using Vector6 = Eigen::Matrix<double, 6, 1>;
using CameraRow = Eigen::Matrix<double, 2, kCameraParameters>;

/// Which parameters of which camera are estimated, and their place among the unknowns.
class Unknowns {
 public:
  Unknowns(const BundleProblem& bundle, const BundleOptions& options) {
    for (size_t i = 0; i < bundle.cameras.size(); ++i) {
      std::vector<Eigen::Index> free;
      const auto add = [&](Eigen::Index first, Eigen::Index count) {
        for (Eigen::Index at = first; at < first + count; ++at) free.push_back(at);
      };
      if (i > 0) add(kRotation, 6);
      if (options.intrinsics) {
        add(kIntrinsics, 4);
        add(kDistortion, options.coefficients.empty() ? 2 : options.coefficients[i]);
      }
      if (options.clocks && i > 0) add(kDelay, 1);
      firsts_.push_back(count_);
      count_ += static_cast<Eigen::Index>(free.size());
      free_.push_back(std::move(free));
    }
  }
  Eigen::Index count() const { return count_; }
  Eigen::Index first(size_t camera) const { return firsts_[camera]; }
  const std::vector<Eigen::Index>& of(size_t camera) const { return free_[camera]; }

 private:
  Eigen::Index count_ = 0;
  std::vector<Eigen::Index> firsts_;
  std::vector<std::vector<Eigen::Index>> free_;
};

/// Normal equations in blocks: cameras, boards, and between the two.
struct Equations {
  Eigen::MatrixXd cameras;
  Eigen::VectorXd cameras_right;
  std::vector<Matrix6> boards;
  std::vector<Vector6> boards_right;
  std::vector<Eigen::MatrixXd> between;  ///< cameras x 6, for each moment.
  double cost = 0;                       ///< Robust, square pixels.
  double weighted_squares = 0;           ///< Sum of weight times squared error.
};

/// Error of a sighting, with its derivatives.
struct Linearised {
  Eigen::Vector2d error;
  CameraRow by_camera;
  Eigen::Matrix<double, 2, 6> by_board;  ///< Rotation in world axes, then position.
};

std::optional<Eigen::Vector2d> error_of(const BundleProblem& bundle, const CornerSighting& one) {
  const BoardPose& board = bundle.boards[one.moment];
  const auto pixel = bundle.cameras[one.camera].project(
      board.rotation * bundle.corners[one.corner] + board.position);
  if (!pixel) return std::nullopt;
  // A late camera saw the corner where it was at the common moment, plus its motion since.
  return *pixel + bundle.delays_s[one.camera] * one.velocity_px_s - one.pixel;
}

std::optional<Linearised> linearised(const BundleProblem& bundle, const CornerSighting& one) {
  const BoardPose& board = bundle.boards[one.moment];
  const Vector3 turned = board.rotation * bundle.corners[one.corner];
  const auto seen =
      geometry::differentiate_in_air(bundle.cameras[one.camera], turned + board.position);
  if (!seen) return std::nullopt;
  Linearised out;
  out.error = seen->pixel + bundle.delays_s[one.camera] * one.velocity_px_s - one.pixel;
  out.by_camera << seen->by_rotation, seen->by_position, seen->by_intrinsics, seen->by_distortion,
      one.velocity_px_s;
  Eigen::Matrix3d cross;
  cross << 0, turned.z(), -turned.y(), -turned.z(), 0, turned.x(), turned.y(), -turned.x(), 0;
  out.by_board << seen->by_point * cross, seen->by_point;
  return out;
}

/// Cauchy's loss of a squared error.
double loss(double squared, double scale2) { return scale2 * std::log1p(squared / scale2); }

std::optional<double> cost_of(const BundleProblem& bundle, double loss_scale_px) {
  double cost = 0;
  for (const CornerSighting& one : bundle.sightings) {
    const auto error = error_of(bundle, one);
    if (!error) return std::nullopt;
    cost += loss(error->squaredNorm(), loss_scale_px * loss_scale_px);
  }
  return cost;
}

std::optional<Equations> equations_of(const BundleProblem& bundle, const Unknowns& unknowns,
                                      double loss_scale_px) {
  const Eigen::Index n = unknowns.count();
  Equations out{
      .cameras = Eigen::MatrixXd::Zero(n, n),
      .cameras_right = Eigen::VectorXd::Zero(n),
      .boards = std::vector<Matrix6>(bundle.boards.size(), Matrix6::Zero()),
      .boards_right = std::vector<Vector6>(bundle.boards.size(), Vector6::Zero()),
      .between = std::vector<Eigen::MatrixXd>(bundle.boards.size(), Eigen::MatrixXd::Zero(n, 6))};
  const double scale2 = loss_scale_px * loss_scale_px;
  for (const CornerSighting& one : bundle.sightings) {
    const auto at = linearised(bundle, one);
    if (!at) return std::nullopt;
    const double squared = at->error.squaredNorm(), weight = 1 / (1 + squared / scale2);
    out.cost += loss(squared, scale2);
    out.weighted_squares += weight * squared;
    const auto& free = unknowns.of(one.camera);
    const auto size = static_cast<Eigen::Index>(free.size());
    const Eigen::Index first = unknowns.first(one.camera);
    const Eigen::Matrix2Xd by_camera = at->by_camera(Eigen::all, free);
    out.cameras.block(first, first, size, size) += weight * by_camera.transpose() * by_camera;
    out.cameras_right.segment(first, size) -= weight * by_camera.transpose() * at->error;
    out.boards[one.moment] += weight * at->by_board.transpose() * at->by_board;
    out.boards_right[one.moment] -= weight * at->by_board.transpose() * at->error;
    out.between[one.moment].middleRows(first, size) +=
        weight * by_camera.transpose() * at->by_board;
  }
  return out;
}

/// A step of all unknowns.
struct Step {
  Eigen::VectorXd cameras;
  std::vector<Vector6> boards;
  double gain = 0;  ///< Expected decrease of the weighted squares, times two.
};

/// Equations of the cameras alone: the board poses take their best values.
Eigen::MatrixXd reduced(const Equations& equations, double damping, Eigen::VectorXd& right) {
  Eigen::MatrixXd out = equations.cameras;
  out.diagonal() *= 1 + damping;
  right = equations.cameras_right;
  if (out.size() == 0) return out;  // a camera alone, with a lens that stays
  for (size_t i = 0; i < equations.boards.size(); ++i) {
    Matrix6 board = equations.boards[i];
    board.diagonal() *= 1 + damping;
    const Eigen::MatrixXd scaled = board.ldlt().solve(equations.between[i].transpose()).transpose();
    out.noalias() -= scaled * equations.between[i].transpose();
    right.noalias() -= scaled * equations.boards_right[i];
  }
  return out;
}

std::optional<Step> solve(const Equations& equations, double damping) {
  Eigen::VectorXd right;
  const Eigen::MatrixXd matrix = reduced(equations, damping, right);
  Step step;
  step.cameras = matrix.size() == 0 ? right : matrix.ldlt().solve(right).eval();
  if (!step.cameras.allFinite()) return std::nullopt;
  double gain = step.cameras.dot(equations.cameras_right);
  for (size_t i = 0; i < equations.boards.size(); ++i) {
    Matrix6 board = equations.boards[i];
    board.diagonal() *= 1 + damping;
    const Vector6 rest =
        equations.boards_right[i] - equations.between[i].transpose() * step.cameras;
    step.boards.push_back(board.ldlt().solve(rest));
    if (!step.boards.back().allFinite()) return std::nullopt;
    gain += step.boards.back().dot(equations.boards_right[i]);
  }
  step.gain = gain;
  return step;
}

Eigen::Matrix3d turned(const Eigen::Matrix3d& rotation, const Vector3& by) {
  const double angle = by.norm();
  if (angle == 0) return rotation;
  const Eigen::Quaterniond turn(Eigen::AngleAxisd(angle, by / angle));
  return (turn * Eigen::Quaterniond(rotation)).normalized().toRotationMatrix();
}

void apply(geometry::Camera& camera, double& delay_s,
           const Eigen::Matrix<double, kCameraParameters, 1>& by) {
  camera.cam_from_world = turned(camera.cam_from_world, by.segment<3>(kRotation));
  camera.position += by.segment<3>(kPosition);
  camera.fx += by[kIntrinsics], camera.fy += by[kIntrinsics + 1];
  camera.cx += by[kIntrinsics + 2], camera.cy += by[kIntrinsics + 3];
  for (size_t i = 0; i < camera.k.size(); ++i)
    camera.k[i] += by[kDistortion + static_cast<Eigen::Index>(i)];
  delay_s += by[kDelay];
}

BundleProblem stepped(const BundleProblem& bundle, const Unknowns& unknowns, const Step& step) {
  BundleProblem out = bundle;
  for (size_t i = 0; i < out.cameras.size(); ++i) {
    Eigen::Matrix<double, kCameraParameters, 1> by;
    by.setZero();
    const auto& free = unknowns.of(i);
    by(free) = step.cameras.segment(unknowns.first(i), static_cast<Eigen::Index>(free.size()));
    apply(out.cameras[i], out.delays_s[i], by);
  }
  for (size_t i = 0; i < out.boards.size(); ++i) {
    out.boards[i].rotation = turned(out.boards[i].rotation, step.boards[i].head<3>());
    out.boards[i].position += step.boards[i].tail<3>();
  }
  return out;
}

/// Standard deviations of the cameras' parameters.
Result<Eigen::MatrixXd> sigmas_of(const BundleProblem& bundle, const Unknowns& unknowns,
                                  const Equations& equations) {
  Eigen::VectorXd right;
  const Eigen::LDLT<Eigen::MatrixXd> factors(reduced(equations, 0, right));
  const auto free = static_cast<double>(2 * bundle.sightings.size()) -
                    static_cast<double>(unknowns.count()) -
                    6 * static_cast<double>(bundle.boards.size());
  const double variance = equations.weighted_squares / free;
  const Eigen::MatrixXd covariance =
      factors.solve(Eigen::MatrixXd::Identity(unknowns.count(), unknowns.count())) * variance;
  if (!factors.isPositive() || !covariance.allFinite() || (covariance.diagonal().array() < 0).any())
    return fail(ErrorCode::kDegenerate,
                "the cameras do not follow from what they saw of the board, want the board in more "
                "places and turned more ways");
  Eigen::MatrixXd out =
      Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(bundle.cameras.size()), kCameraParameters);
  for (size_t i = 0; i < bundle.cameras.size(); ++i) {
    const auto& of = unknowns.of(i);
    for (size_t j = 0; j < of.size(); ++j)
      out(static_cast<Eigen::Index>(i), of[j]) =
          std::sqrt(covariance.diagonal()[unknowns.first(i) + static_cast<Eigen::Index>(j)]);
  }
  return out;
}

Result<void> check(const BundleProblem& bundle, const Unknowns& unknowns) {
  const size_t wanted = static_cast<size_t>(unknowns.count()) + 6 * bundle.boards.size();
  if (2 * bundle.sightings.size() <= wanted)
    return fail(ErrorCode::kInvalidArgument,
                "{} corners of boards give {} equations, want more than {} unknowns",
                bundle.sightings.size(), 2 * bundle.sightings.size(), wanted);
  return {};
}

}  // namespace

Result<AdjustedBundle> adjust(const BundleProblem& start, const BundleOptions& options) {
  const Unknowns unknowns(start, options);
  LIDO_TRY(check(start, unknowns));
  AdjustedBundle out{.bundle = start};
  const auto behind = [] {
    return fail(ErrorCode::kDegenerate,
                "a board's corners are behind a camera at the start of the adjustment");
  };
  auto equations = equations_of(out.bundle, unknowns, options.loss_scale_px);
  if (!equations) return behind();
  double damping = 1e-3;
  constexpr int kMaxIterations = 200;
  for (; out.iterations < kMaxIterations && damping < 1e12; ++out.iterations) {
    const auto step = solve(*equations, damping);
    // The gain that remains is a small part of one deviation of the unknowns.
    if (step && step->gain < 1e-7 * equations->cost + 1e-12) break;
    const auto next = step ? std::optional(stepped(out.bundle, unknowns, *step)) : std::nullopt;
    const auto cost = next ? cost_of(*next, options.loss_scale_px) : std::nullopt;
    if (!cost || *cost >= equations->cost) {
      damping *= 10;
      continue;
    }
    out.bundle = *next;
    damping = std::max(damping / 10, 1e-12);
    equations = equations_of(out.bundle, unknowns, options.loss_scale_px);
    if (!equations) return behind();
  }
  out.camera_sigmas = LIDO_TRY(sigmas_of(out.bundle, unknowns, *equations));
  double squares = 0;
  for (const CornerSighting& one : out.bundle.sightings) {
    out.errors_px.push_back(*error_of(out.bundle, one));
    squares += out.errors_px.back().squaredNorm();
  }
  out.rms_px = std::sqrt(squares / static_cast<double>(out.errors_px.size()));
  return out;
}

}  // namespace lido::reconstruct
