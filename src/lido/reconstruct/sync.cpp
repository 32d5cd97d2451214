// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/sync.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "lido/base/counted.h"
#include "lido/base/median.h"
#include "lido/geometry/projection.h"
#include "lido/reconstruct/keypoint_paths.h"
#include "lido/reconstruct/triangulate.h"
#include "lido/reconstruct/view_pair.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;

/// Crystals are within 100 millionths of their rate; that is what is assumed before anything is
/// seen.
constexpr double kPriorRate = 1e-4;

/// Correction of a clock: true time = t + offset + rate * (t - middle).
struct ClockError {
  double offset_s = 0, rate = 0;
  /// Returns the camera's time at a true time.
  double camera_time(double true_s, double middle_s) const {
    return middle_s + (true_s - middle_s - offset_s) / (1 + rate);
  }
};

/// People of all cameras through time.
struct Recording {
  std::span<const Camera> cameras;
  std::vector<std::vector<KeypointPath>> paths;  ///< A list for each camera.
  std::vector<size_t> present;                   ///< Cameras with paths, ascending.
  double first_s = 0, last_s = 0;
  double middle_s() const { return (first_s + last_s) / 2; }

  /// Views by one camera at a time of its clock.
  std::vector<MovingView> at(size_t camera, double camera_s) const {
    std::vector<MovingView> out;
    for (const KeypointPath& path : paths[camera]) {
      if (path.first_s() > camera_s) break;
      if (auto view = path.at(camera_s)) out.push_back(std::move(*view));
    }
    return out;
  }
};

Result<Recording> record(std::span<const Camera> cameras,
                         std::span<const std::vector<PoseFrame>> frames) {
  Recording out{.cameras = cameras, .paths = {}, .present = {}};
  out.first_s = std::numeric_limits<double>::infinity();
  out.last_s = -out.first_s;
  for (size_t i = 0; i < cameras.size(); ++i) {
    out.paths.push_back(follow_keypoints(frames[i]));
    if (out.paths.back().empty()) continue;
    out.present.push_back(i);
    for (const KeypointPath& path : out.paths.back()) {
      out.first_s = std::min(out.first_s, path.first_s());
      out.last_s = std::max(out.last_s, path.last_s());
    }
  }
  if (out.present.size() < 2)
    return fail(ErrorCode::kDegenerate,
                "{} with a person in two frames or more, want two cameras or more",
                counted(std::ssize(out.present), "camera"));
  return out;
}

/// Views on a grid of times, with sight lines, for the search over offsets. A keypoint's deviation
/// is raised by its motion within half a step.
class Grid {
 public:
  Grid(const Recording& recording, double step_s, std::stop_token stop)
      : recording_(recording), step_s_(step_s), stop_(std::move(stop)) {}

  const std::vector<SightedView>& at(size_t camera, int64_t tick) {
    auto [found, is_new] = views_.try_emplace({camera, tick});
    if (!is_new) return found->second;
    const double time_s = recording_.first_s + static_cast<double>(tick) * step_s_;
    for (MovingView& moving : recording_.at(camera, time_s)) {
      // People who stand show nothing of clocks.
      constexpr double kMinSpeed_px_s = 4;
      if (moving.speed_px_s() < kMinSpeed_px_s) continue;
      for (size_t k = 0; k < kJoints; ++k) {
        MeasuredKeypoint& one = moving.view.keypoints[k];
        if (one.is_seen())
          one.sigma_px = std::hypot(one.sigma_px, moving.velocity_px_s[k].norm() * step_s_ / 4);
      }
      found->second.push_back(with_sight_lines(recording_.cameras[camera], moving.view));
    }
    return found->second;
  }
  double step_s() const { return step_s_; }
  bool is_stopped() const { return stop_.stop_requested(); }

 private:
  const Recording& recording_;
  double step_s_;
  std::stop_token stop_;
  std::map<std::pair<size_t, int64_t>, std::vector<SightedView>> views_;
};

/// Offset of a pair of cameras at which their views agree best.
struct PairOffset {
  size_t a = 0, b = 0;
  double offset_s = 0;   ///< Correction of b's clock less that of a's.
  double evidence = -1;  ///< By how much the best offset is better than the others; < 0: none.
};

/// Mean error of a's views against the best of b's views `shift` ticks later.
std::optional<double> cost_of(Grid& grid, size_t a, size_t b, int64_t shift,
                              std::span<const int64_t> ticks, const Space& space) {
  constexpr double kMaxError2 = 20;
  double sum = 0;
  int count = 0;
  for (const int64_t tick : ticks) {
    const auto& others = grid.at(b, tick + shift);
    if (others.empty()) continue;
    for (const SightedView& view : grid.at(a, tick)) {
      double best = kMaxError2;
      bool compared = false;
      for (const SightedView& other : others) {
        const auto error2 = view_error2(view, other, space);
        compared = compared || error2;
        best = std::min(best, error2.value_or(kMaxError2));
      }
      if (!compared) continue;
      sum += best;
      ++count;
    }
  }
  constexpr int kMinViews = 5;
  if (count < kMinViews) return std::nullopt;
  return sum / count;
}

PairOffset search(Grid& grid, size_t a, size_t b, int64_t max_shift, std::span<const int64_t> ticks,
                  const Space& space) {
  PairOffset out{.a = a, .b = b};
  std::vector<double> costs;
  double best = std::numeric_limits<double>::infinity();
  for (int64_t shift = -max_shift; shift <= max_shift && !grid.is_stopped(); ++shift) {
    const auto cost = cost_of(grid, a, b, shift, ticks, space);
    if (!cost) continue;
    costs.push_back(*cost);
    if (*cost >= best) continue;
    best = *cost;
    // b's time is a's plus the shift where both see the same moment.
    out.offset_s = -static_cast<double>(shift) * grid.step_s();
  }
  if (costs.size() < 3) return out;
  // For a pair that sees different people no offset has a small error.
  constexpr double kMaxBest2 = 12, kMinEvidence = 0.5;
  const double evidence = median(std::move(costs)) - best;
  if (best < kMaxBest2 && evidence > kMinEvidence) out.evidence = evidence;
  return out;
}

/// Offsets of all clocks by the pairs of cameras with the most evidence.
Result<std::vector<ClockError>> start_of(const Recording& recording, const Space& space,
                                         const SyncOptions& options, const std::stop_token& stop) {
  const double step_s = std::clamp(options.max_offset_s / 40, 0.04, 0.1);
  constexpr int64_t kMoments = 60;
  std::vector<int64_t> ticks;
  const auto all = static_cast<int64_t>((recording.last_s - recording.first_s) / step_s);
  for (int64_t i = 0; i < kMoments && i <= all; ++i)
    ticks.push_back(all * i / std::max<int64_t>(1, std::min(kMoments, all + 1) - 1));
  ticks.erase(std::unique(ticks.begin(), ticks.end()), ticks.end());
  Grid grid(recording, step_s, stop);
  std::vector<PairOffset> pairs;
  const auto max_shift = static_cast<int64_t>(std::ceil(options.max_offset_s / step_s));
  for (size_t i = 0; i < recording.present.size(); ++i) {
    for (size_t j = i + 1; j < recording.present.size(); ++j)
      pairs.push_back(
          search(grid, recording.present[i], recording.present[j], max_shift, ticks, space));
  }
  if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
  std::ranges::stable_sort(pairs, std::greater(), &PairOffset::evidence);
  std::vector<ClockError> out(recording.cameras.size());
  std::vector<bool> known(recording.cameras.size(), false);
  known[recording.present.front()] = true;
  for (bool grew = true; grew;) {
    grew = false;
    for (const PairOffset& one : pairs) {
      if (one.evidence < 0 || known[one.a] == known[one.b]) continue;
      if (known[one.a]) out[one.b].offset_s = out[one.a].offset_s + one.offset_s;
      if (known[one.b]) out[one.a].offset_s = out[one.b].offset_s - one.offset_s;
      known[one.a] = known[one.b] = grew = true;
      break;
    }
  }
  for (const size_t camera : recording.present) {
    if (!known[camera])
      return fail(
          ErrorCode::kDegenerate,
          "{}: shares no moving person with another camera, for clocks that differ by {} s at "
          "most. Check its pose in the site, use a longer recording, or raise "
          "--max-offset-s",
          recording.cameras[camera].name, options.max_offset_s);
  }
  return out;
}

/// Normal equations of the clocks; the joints take their best places.
struct ClockEquations {
  Eigen::MatrixXd matrix;
  Eigen::VectorXd right;
  double squares = 0;     ///< Sum of weight times squared error, in standard deviations.
  double squares_px = 0;  ///< Sum of squared errors, pixels.
  double freedom = 0;     ///< Equations less joints.
  std::vector<int64_t> sightings;
};

/// Adds one joint that several cameras see.
class JointTerm {
 public:
  JointTerm(const Recording& recording, ClockEquations& out) : recording_(recording), out_(out) {}

  void add(std::span<const Sighting> sightings, std::span<const Eigen::Vector2d> velocities,
           std::span<const size_t> used, const geometry::Vector3& point, double since_s) {
    Eigen::Matrix3d points = Eigen::Matrix3d::Zero();
    Eigen::Vector3d gradient = Eigen::Vector3d::Zero();
    std::vector<std::pair<size_t, Eigen::Matrix<double, 3, 2>>> between;
    for (const size_t i : used) {
      const Sighting& one = sightings[i];
      const auto seen = geometry::differentiate_by_point(recording_.cameras[one.camera], point);
      if (!seen) continue;
      const Eigen::Vector2d error = (seen->pixel - one.pixel) / one.sigma_px;
      const Eigen::Matrix<double, 2, 3> by_point = seen->by_point / one.sigma_px;
      // A later camera time by the correction shows the joint where it was before.
      Eigen::Matrix2d by_clock;
      by_clock << velocities[i], velocities[i] * since_s;
      by_clock /= one.sigma_px;
      const double weight = 1 / (1 + error.squaredNorm() / kRobust2);
      const auto at = static_cast<Eigen::Index>(2 * one.camera);
      out_.matrix.block<2, 2>(at, at) += weight * by_clock.transpose() * by_clock;
      out_.right.segment<2>(at) -= weight * by_clock.transpose() * error;
      out_.squares += weight * error.squaredNorm();
      out_.squares_px += (seen->pixel - one.pixel).squaredNorm();
      out_.freedom += 2;
      ++out_.sightings[one.camera];
      points += weight * by_point.transpose() * by_point;
      gradient += weight * by_point.transpose() * error;
      between.emplace_back(one.camera, weight * by_point.transpose() * by_clock);
    }
    out_.freedom -= 3;
    const Eigen::Matrix3d inverse = points.inverse();
    if (!inverse.allFinite()) return;
    for (const auto& [a, of_a] : between) {
      out_.right.segment<2>(static_cast<Eigen::Index>(2 * a)) +=
          of_a.transpose() * inverse * gradient;
      for (const auto& [b, of_b] : between)
        out_.matrix.block<2, 2>(static_cast<Eigen::Index>(2 * a),
                                static_cast<Eigen::Index>(2 * b)) -=
            of_a.transpose() * inverse * of_b;
    }
  }

 private:
  /// Errors beyond two deviations count less (Cauchy's loss).
  static constexpr double kRobust2 = 4;
  const Recording& recording_;
  ClockEquations& out_;
};

/// Compares people of all cameras at each moment.
/// @param sigma_factor  On the deviations with which views are grouped by person.
ClockEquations equations_at(const Recording& recording, const std::vector<ClockError>& clocks,
                            std::span<const double> moments, const Space& space,
                            double sigma_factor) {
  const auto n = static_cast<Eigen::Index>(2 * recording.cameras.size());
  ClockEquations out{.matrix = Eigen::MatrixXd::Zero(n, n),
                     .right = Eigen::VectorXd::Zero(n),
                     .sightings = std::vector<int64_t>(recording.cameras.size())};
  JointTerm term(recording, out);
  const double middle_s = recording.middle_s();
  for (const double moment_s : moments) {
    std::vector<MovingView> moving;
    std::vector<PersonView> views;
    for (const size_t camera : recording.present) {
      for (MovingView& one : recording.at(camera, clocks[camera].camera_time(moment_s, middle_s))) {
        views.push_back(one.view);
        for (MeasuredKeypoint& keypoint : views.back().keypoints) keypoint.sigma_px *= sigma_factor;
        moving.push_back(std::move(one));
      }
    }
    for (const auto& group : associate(recording.cameras, views, space)) {
      for (size_t joint = 0; joint < kJoints; ++joint) {
        std::vector<Sighting> sightings;
        std::vector<Eigen::Vector2d> velocities;
        for (const size_t i : group) {
          const MeasuredKeypoint& keypoint = views[i].keypoints[joint];
          if (!keypoint.is_seen()) continue;
          sightings.push_back({views[i].camera, keypoint.pixel, keypoint.sigma_px});
          velocities.push_back(moving[i].velocity_px_s[joint]);
        }
        if (sightings.size() < 2) continue;
        const auto found = triangulate(recording.cameras, sightings);
        if (!found || !space.contains(found->point_in_world)) continue;
        for (Sighting& one : sightings) one.sigma_px /= sigma_factor;
        term.add(sightings, velocities, found->used, found->point_in_world, moment_s - middle_s);
      }
    }
  }
  return out;
}

/// Indices of the unknowns: offset and, if wanted, rate of all clocks but the first.
std::vector<Eigen::Index> unknowns_of(const Recording& recording, bool drift) {
  std::vector<Eigen::Index> out;
  for (const size_t camera : recording.present) {
    if (camera == recording.present.front()) continue;
    out.push_back(static_cast<Eigen::Index>(2 * camera));
    if (drift) out.push_back(static_cast<Eigen::Index>(2 * camera + 1));
  }
  return out;
}

struct Solution {
  Eigen::VectorXd step, sigmas;  ///< Two for each camera; zero for those that are not estimated.
};

std::optional<Solution> solve(const ClockEquations& equations,
                              const std::vector<Eigen::Index>& unknowns) {
  Eigen::MatrixXd matrix = equations.matrix(unknowns, unknowns);
  const Eigen::VectorXd right = equations.right(unknowns);
  const double variance = equations.freedom > 0 ? equations.squares / equations.freedom : 1;
  for (size_t i = 0; i < unknowns.size(); ++i) {
    if (unknowns[i] % 2 == 1)
      matrix(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(i)) +=
          std::max(variance, 1e-6) / (kPriorRate * kPriorRate);
  }
  const Eigen::LDLT<Eigen::MatrixXd> factors(matrix);
  if (!factors.isPositive()) return std::nullopt;
  const Eigen::MatrixXd covariance =
      factors.solve(Eigen::MatrixXd::Identity(matrix.rows(), matrix.cols())) * variance;
  const Eigen::VectorXd step = factors.solve(right);
  if (!step.allFinite() || !covariance.allFinite() || (covariance.diagonal().array() <= 0).any())
    return std::nullopt;
  Solution out{Eigen::VectorXd::Zero(equations.right.size()),
               Eigen::VectorXd::Zero(equations.right.size())};
  out.step(unknowns) = step;
  out.sigmas(unknowns) = covariance.diagonal().cwiseSqrt();
  return out;
}

void correct(std::vector<ClockError>& clocks, const Eigen::VectorXd& step) {
  constexpr double kMaxStep_s = 0.1, kMaxRate = 5e-4;
  for (size_t i = 0; i < clocks.size(); ++i) {
    const auto at = static_cast<Eigen::Index>(2 * i);
    clocks[i].offset_s += std::clamp(step[at], -kMaxStep_s, kMaxStep_s);
    clocks[i].rate = std::clamp(clocks[i].rate + step[at + 1], -kMaxRate, kMaxRate);
  }
}

double rms_px(const ClockEquations& equations) {
  int64_t count = 0;
  for (const int64_t one : equations.sightings) count += one;
  return count > 0 ? std::sqrt(equations.squares_px / static_cast<double>(count)) : 0;
}

std::vector<double> moments_of(const Recording& recording, const SyncOptions& options) {
  // Beyond some thousand moments, only the interval between them grows.
  constexpr double kMaxMoments = 3000;
  const double span_s = recording.last_s - recording.first_s;
  const double step_s = std::max(1 / options.rate_hz, span_s / kMaxMoments);
  // Anywhere between frames, by the golden ratio: interpolated keypoints and their motion share
  // errors of frames, which cancel on average over the interval, and not at any one place in it.
  constexpr double kGolden = 0.6180339887498949;
  std::vector<double> out;
  for (int k = 0; (k + 1) * step_s <= span_s; ++k)
    out.push_back(recording.first_s + (k + std::fmod(k * kGolden, 1)) * step_s);
  return out;
}

Result<void> check_sigmas(const Recording& recording, const Synchronisation& found) {
  constexpr double kMaxSigma_s = 0.1;
  for (const SyncedCamera& one : found.cameras) {
    if (one.correction_sigma_s > kMaxSigma_s)
      return fail(ErrorCode::kDegenerate,
                  "{}: its clock is uncertain by {:.0f} ms, want {:.0f} ms or less: people whom it "
                  "shares with other cameras hardly move",
                  recording.cameras[one.camera].name, 1000 * one.correction_sigma_s,
                  1000 * kMaxSigma_s);
  }
  return {};
}

}  // namespace

Result<Synchronisation> synchronise(std::span<const Camera> cameras,
                                    std::span<const std::vector<PoseFrame>> frames,
                                    const Space& space, const SyncOptions& options,
                                    const std::stop_token& stop) {
  LIDO_TRY(validate(options));
  const Recording recording = LIDO_TRY(record(cameras, frames));
  std::vector<ClockError> clocks = LIDO_TRY(start_of(recording, space, options, stop));
  const std::vector<double> moments = moments_of(recording, options);
  const auto unknowns = unknowns_of(recording, !options.fixed_rates);
  Synchronisation out{.middle_s = recording.middle_s()};
  out.before_px =
      rms_px(equations_at(recording, std::vector<ClockError>(cameras.size()), moments, space, 4));
  std::optional<Solution> solution;
  // Groups are wide at first, while clocks are off by half a step of the search.
  for (const double factor : {4.0, 3.0, 2.0, 1.5, 1.5, 1.5, 1.5, 1.5}) {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
    const ClockEquations equations = equations_at(recording, clocks, moments, space, factor);
    solution = solve(equations, unknowns);
    if (!solution)
      return fail(ErrorCode::kDegenerate,
                  "the clocks do not follow from what the cameras saw of people, want people who "
                  "move and whom two cameras see");
    correct(clocks, solution->step);
    out.after_px = rms_px(equations);
    out.cameras.clear();
    for (const size_t camera : recording.present) {
      const auto at = static_cast<Eigen::Index>(2 * camera);
      out.cameras.push_back({.camera = camera,
                             .correction_s = clocks[camera].offset_s,
                             .correction_sigma_s = solution->sigmas[at],
                             .rate_ppm = 1e6 * clocks[camera].rate,
                             .rate_sigma_ppm = 1e6 * solution->sigmas[at + 1],
                             .sightings = equations.sightings[camera]});
    }
  }
  LIDO_TRY(check_sigmas(recording, out));
  for (const SyncedCamera& one : out.cameras) {
    if (std::abs(one.correction_s) > 0.95 * options.max_offset_s)
      out.warnings.push_back(
          fmt::format("{}: its clock is off by as much as was searched for; raise --max-offset-s",
                      cameras[one.camera].name));
  }
  return out;
}

geometry::CameraClock corrected(const geometry::CameraClock& clock, const SyncedCamera& by,
                                double middle_s) {
  // A reading r has the time t = (r - offset) / (1 + drift) and, corrected, t + correction +
  // rate (t - middle).
  const double fast = 1 + clock.drift_ppm / 1e6, rate = by.rate_ppm / 1e6;
  geometry::CameraClock out = clock;
  out.offset_s = clock.offset_s + fast * (rate * middle_s - by.correction_s) / (1 + rate);
  out.drift_ppm = 1e6 * (fast / (1 + rate) - 1);
  return out;
}

}  // namespace lido::reconstruct
