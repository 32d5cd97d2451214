// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/triangulate.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "lido/base/counted.h"
#include "lido/geometry/projection.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;
using geometry::Ray;
using geometry::SightLine;
using geometry::Vector3;

/// A point that minimises the error of some sightings.
struct PointFit {
  Vector3 point = Vector3::Zero();
  double cost = 0;        ///< Sum of squared errors, in sigmas.
  double squares_px = 0;  ///< Sum of squared errors, pixels.
  double worst2 = 0;      ///< Largest squared error of a sighting, in sigmas.
  Eigen::Matrix3d information = Eigen::Matrix3d::Zero();  ///< Inverse covariance.
};

/// Everything about one call: cameras, sightings, and where the sightings look.
struct Problem {
  std::span<const Camera> cameras;
  std::span<const Sighting> sightings;
  std::vector<SightLine> lines;  ///< One for each sighting.
};

Result<void> check(std::span<const Camera> cameras, std::span<const Sighting> sightings,
                   const TriangulateOptions& options) {
  LIDO_TRY(validate(options));
  if (sightings.size() < 2)
    return fail(ErrorCode::kInvalidArgument, "{}, want 2 or more",
                counted(std::ssize(sightings), "sighting"));
  for (const Sighting& one : sightings) {
    if (one.camera >= cameras.size())
      return fail(ErrorCode::kInvalidArgument, "a sighting's camera is {}, want 0 to {}",
                  one.camera, static_cast<int64_t>(cameras.size()) - 1);
    if (!one.pixel.allFinite() || !(one.sigma_px > 0) || !std::isfinite(one.sigma_px))
      return fail(ErrorCode::kInvalidArgument,
                  "a sighting is at {}, {} with deviation {}, want finite pixels and a deviation "
                  "over 0",
                  one.pixel.x(), one.pixel.y(), one.sigma_px);
  }
  return {};
}

/// Part of a sight line over or under the water. A camera under water sees both sides as water.
const std::optional<Ray>& ray_of(const SightLine& line, bool under_water) {
  return under_water || !line.in_air ? line.in_water : line.in_air;
}

/// Nearest point to several rays, least squares of distances.
std::optional<Vector3> nearest_to_rays(const Problem& problem, std::span<const size_t> chosen,
                                       bool under_water) {
  Eigen::Matrix3d sum = Eigen::Matrix3d::Zero();
  Vector3 right = Vector3::Zero();
  for (const size_t i : chosen) {
    const auto& ray = ray_of(problem.lines[i], under_water);
    if (!ray) return std::nullopt;
    const Eigen::Matrix3d across =
        Eigen::Matrix3d::Identity() - ray->direction * ray->direction.transpose();
    sum += across;
    right += across * ray->origin;
  }
  Vector3 point = sum.ldlt().solve(right);
  if (!point.allFinite()) return std::nullopt;
  return point;
}

/// Normal equations of the sightings' errors at a point. Nothing where a camera cannot see it.
std::optional<std::pair<PointFit, Vector3>> linearise(const Problem& problem,
                                                      std::span<const size_t> chosen,
                                                      const Vector3& point) {
  PointFit fit{.point = point};
  Vector3 gradient = Vector3::Zero();
  for (const size_t i : chosen) {
    const Sighting& sighting = problem.sightings[i];
    const auto seen = geometry::differentiate_by_point(problem.cameras[sighting.camera], point);
    if (!seen) return std::nullopt;
    const double weight = 1 / (sighting.sigma_px * sighting.sigma_px);
    const Eigen::Vector2d error = seen->pixel - sighting.pixel;
    const double squared = error.squaredNorm();
    fit.cost += weight * squared;
    fit.squares_px += squared;
    fit.worst2 = std::max(fit.worst2, weight * squared);
    fit.information += weight * seen->by_point.transpose() * seen->by_point;
    gradient += weight * seen->by_point.transpose() * error;
  }
  return std::pair(fit, gradient);
}

/// Minimises the error by Levenberg and Marquardt's method.
std::optional<PointFit> refine(const Problem& problem, std::span<const size_t> chosen,
                               const Vector3& start) {
  auto at = linearise(problem, chosen, start);
  if (!at) return std::nullopt;
  double damping = 0;
  constexpr int kMaxSteps = 30;
  for (int i = 0; i < kMaxSteps; ++i) {
    const auto& [fit, gradient] = *at;
    Eigen::Matrix3d damped = fit.information;
    damped.diagonal() *= 1 + damping;
    const Vector3 step = -damped.inverse() * gradient;
    if (!step.allFinite()) return std::nullopt;
    // A step of a hundredth of a deviation is the last one: steps square the error.
    if (step.dot(fit.information * step) < 1e-4) {
      PointFit last = fit;
      last.point += step;
      return last;
    }
    auto next = linearise(problem, chosen, fit.point + step);
    if (next && next->first.cost <= fit.cost) {
      at = std::move(next);
      damping /= 8;
    } else {
      damping = std::max(8 * damping, 1e-3);
    }
  }
  return at->first;
}

/// Best point over or under the water for some sightings.
std::optional<PointFit> fit_point(const Problem& problem, std::span<const size_t> chosen) {
  std::optional<PointFit> best;
  for (const bool under_water : {false, true}) {
    auto start = nearest_to_rays(problem, chosen, under_water);
    if (!start) continue;
    // The other side of the surface has its own start.
    constexpr double kTolerance_m = 0.05;
    if (under_water ? start->z() > kTolerance_m : start->z() < -kTolerance_m) continue;
    const auto fit = refine(problem, chosen, *start);
    if (fit && (!best || fit->cost < best->cost)) best = fit;
    // Where one side explains the sightings well, the other is not tried.
    if (best && best->cost < 2 * static_cast<double>(chosen.size())) break;
  }
  return best;
}

/// Sightings within the limit of a point.
std::vector<size_t> agreeing(const Problem& problem, const Vector3& point, double max_sigmas) {
  std::vector<size_t> near;
  for (size_t i = 0; i < problem.sightings.size(); ++i) {
    const Sighting& sighting = problem.sightings[i];
    const auto pixel = problem.cameras[sighting.camera].project_through_water(point);
    if (pixel && (*pixel - sighting.pixel).norm() <= max_sigmas * sighting.sigma_px)
      near.push_back(i);
  }
  return near;
}

/// Largest group of sightings that agree on a point near some pair's; the group with the smaller
/// error among equals.
std::vector<size_t> largest_agreement(const Problem& problem, double max_sigmas) {
  std::vector<size_t> best;
  double best_cost = 0;
  for (size_t i = 0; i < problem.sightings.size(); ++i) {
    for (size_t j = i + 1; j < problem.sightings.size(); ++j) {
      const std::array pair = {i, j};
      const auto fit = fit_point(problem, pair);
      if (!fit) continue;
      auto near = agreeing(problem, fit->point, max_sigmas);
      if (near.size() < 2 || near.size() < best.size()) continue;
      const auto refit = fit_point(problem, near);
      if (!refit || (near.size() == best.size() && refit->cost >= best_cost)) continue;
      best_cost = refit->cost;
      best = std::move(near);
    }
  }
  return best;
}

double widest_angle(const Problem& problem, std::span<const size_t> chosen, bool under_water) {
  double least_cosine = 1;
  for (size_t i = 0; i < chosen.size(); ++i) {
    for (size_t j = i + 1; j < chosen.size(); ++j) {
      const auto& a = ray_of(problem.lines[chosen[i]], under_water);
      const auto& b = ray_of(problem.lines[chosen[j]], under_water);
      if (a && b) least_cosine = std::min(least_cosine, a->direction.dot(b->direction));
    }
  }
  return std::acos(std::clamp(least_cosine, -1.0, 1.0));
}

Result<Triangulation> finish(const Problem& problem, const PointFit& fit, std::vector<size_t> used,
                             const TriangulateOptions& options) {
  Triangulation out{.point_in_world = fit.point,
                    .angle_rad = widest_angle(problem, used, fit.point.z() < 0)};
  if (out.angle_rad < options.min_angle_rad)
    return fail(ErrorCode::kDegenerate,
                "sight lines of {} cameras are within {:.2g} radians, want {:.2g} or more",
                used.size(), out.angle_rad, options.min_angle_rad);
  out.covariance = fit.information.inverse();
  out.rms_px = std::sqrt(fit.squares_px / static_cast<double>(used.size()));
  out.used = std::move(used);
  return out;
}

}  // namespace

Result<Triangulation> triangulate(std::span<const Camera> cameras,
                                  std::span<const Sighting> sightings,
                                  const TriangulateOptions& options) {
  LIDO_TRY(check(cameras, sightings, options));
  Problem problem{.cameras = cameras, .sightings = sightings};
  problem.lines.reserve(sightings.size());
  std::vector<size_t> chosen;
  chosen.reserve(sightings.size());
  for (size_t i = 0; i < sightings.size(); ++i) {
    auto line = geometry::sight_line(cameras[sightings[i].camera], sightings[i].pixel);
    if (line) chosen.push_back(i);
    problem.lines.push_back(line.value_or(SightLine{}));
  }
  auto fit = chosen.size() < 2 ? std::nullopt : fit_point(problem, chosen);
  if (!fit || chosen.size() < sightings.size() ||
      fit->worst2 > options.max_error_sigmas * options.max_error_sigmas) {
    chosen = largest_agreement(problem, options.max_error_sigmas);
    fit = chosen.size() < 2 ? std::nullopt : fit_point(problem, chosen);
  }
  if (!fit)
    return fail(ErrorCode::kDegenerate,
                "no two of {} sightings agree on a point in front of their cameras",
                sightings.size());
  return finish(problem, *fit, std::move(chosen), options);
}

}  // namespace lido::reconstruct
