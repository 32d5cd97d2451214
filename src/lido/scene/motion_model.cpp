// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/motion_model.h"

#include <algorithm>
#include <cmath>
#include <opencv2/calib3d.hpp>

#include "lido/base/median.h"

namespace lido::scene {
namespace {

constexpr double kInlierPx = 1.5;  // reduced pixels
/// Points that moved by less count as resting.
constexpr double kRestPx = 0.2;
/// Advantage of rest over a move, in units of the log-likelihood.
constexpr double kRestBonus = 15;

/// Number of matches that a mapping explains, and the error that remains.
struct Agreement {
  int inliers = 0;
  double squares = 0;  ///< Sum of squared residuals, each at most kInlierPx squared.
};

Agreement agreement(const std::vector<Match>& matches, const cv::Matx33d& m) {
  Agreement sum;
  for (const Match& match : matches) {
    const cv::Point2d error = project(m, match.source) - match.target;
    const double square = error.dot(error);
    sum.inliers += square < kInlierPx * kInlierPx ? 1 : 0;
    sum.squares += std::min(square, kInlierPx * kInlierPx);
  }
  return sum;
}

}  // namespace

cv::Point2d project(const cv::Matx33d& m, const cv::Point2d& p) {
  const double w = m(2, 0) * p.x + m(2, 1) * p.y + m(2, 2);
  return {(m(0, 0) * p.x + m(0, 1) * p.y + m(0, 2)) / w,
          (m(1, 0) * p.x + m(1, 1) * p.y + m(1, 2)) / w};
}

std::array<Row8, 2> jacobian(const cv::Matx33d& m, const cv::Point2d& p) {
  const double w = m(2, 0) * p.x + m(2, 1) * p.y + m(2, 2);
  const cv::Point2d q = project(m, p);
  const double x = p.x / w, y = p.y / w, one = 1 / w;
  return {Row8(x, y, one, 0, 0, 0, -q.x * x, -q.x * y),
          Row8(0, 0, 0, x, y, one, -q.y * x, -q.y * y)};
}

cv::Mat basis_of(int dof) {
  if (dof == 8) return cv::Mat::eye(8, 8, CV_64F);
  cv::Mat basis = cv::Mat::zeros(8, dof, CV_64F);
  basis.at<double>(2, 0) = basis.at<double>(5, 1) = 1;
  if (dof == 4) {
    basis.at<double>(0, 2) = basis.at<double>(4, 2) = 1;
    basis.at<double>(3, 3) = 1;
    basis.at<double>(1, 3) = -1;
  }
  return basis;
}

namespace {

/// Noise of the matches, robustly: from the median residual of the inliers.
/// @param inliers  Receives their number.
/// @return Nothing when there are too few for the degrees of freedom.
std::optional<double> huber_threshold_of(const std::vector<Match>& matches, const cv::Matx33d& m,
                                         int dof, int& inliers) {
  std::vector<double> sizes;
  for (const Match& match : matches) {
    const double size = cv::norm(project(m, match.source) - match.target);
    if (size < kInlierPx) sizes.push_back(size);
  }
  inliers = static_cast<int>(sizes.size());
  if (2 * inliers < dof + 4) return std::nullopt;
  return std::max(0.02, 1.5 * median(std::move(sizes)));
}

/// Least squares over the matches within kInlierPx, with Huber weights; starts
/// at `m`.
std::optional<MotionFit> fit_least_squares(const std::vector<Match>& matches, cv::Matx33d m,
                                           int dof) {
  constexpr int kRounds = 6;
  const cv::Mat basis = basis_of(dof);
  MotionFit fit;
  for (int round = 0; round < kRounds; ++round) {
    const auto huber_threshold = huber_threshold_of(matches, m, dof, fit.inliers);
    if (!huber_threshold) return std::nullopt;
    Matrix8 normal = Matrix8::zeros();
    Row8 gradient = Row8::all(0);
    double squares = 0;
    for (const Match& match : matches) {
      const cv::Point2d error = match.target - project(m, match.source);
      const double size = cv::norm(error);
      if (size >= kInlierPx) continue;
      const double weight = size <= *huber_threshold ? 1 : *huber_threshold / size;
      squares += weight * size * size;
      const auto rows = jacobian(m, match.source);
      for (size_t axis = 0; axis < 2; ++axis) {
        normal += weight * (rows[axis] * rows[axis].t());
        gradient += weight * (axis == 0 ? error.x : error.y) * rows[axis];
      }
    }
    const cv::Mat reduced = basis.t() * cv::Mat(normal) * basis;
    cv::Mat inverse;
    if (cv::invert(reduced, inverse, cv::DECOMP_CHOLESKY) == 0) return std::nullopt;
    const cv::Mat step = basis * inverse * basis.t() * cv::Mat(gradient);
    for (int i = 0; i < 8; ++i) m.val[i] += step.at<double>(i);
    const cv::Mat covariance = basis * inverse * basis.t();
    fit.covariance = Matrix8(covariance.ptr<double>()) * (squares / (2.0 * fit.inliers - dof));
  }
  fit.target_from_source = m;
  return fit;
}

}  // namespace

bool is_plausible(const cv::Matx33d& m, const cv::Size& size) {
  const double w = size.width, h = size.height;
  const std::array<cv::Point2d, 4> corners = {{{0, 0}, {w, 0}, {w, h}, {0, h}}};
  double area = 0;
  std::array<cv::Point2d, 4> mapped;
  for (size_t i = 0; i < 4; ++i) {
    if (m(2, 0) * corners[i].x + m(2, 1) * corners[i].y + m(2, 2) <= 0.2) return false;
    mapped[i] = project(m, corners[i]);
  }
  for (size_t i = 0; i < 4; ++i) {
    const cv::Point2d a = mapped[i], b = mapped[(i + 1) % 4], c = mapped[(i + 2) % 4];
    if ((b - a).cross(c - b) <= 0) return false;
    area += a.cross(b) / 2;
  }
  return area > 0.2 * w * h && area < 5 * w * h;
}

namespace {

/// A model with its degrees of freedom, fitted.
struct Candidate {
  int dof;
  MotionFit fit;
};

void add_fitted(std::vector<Candidate>& candidates, const std::vector<Match>& matches, int dof,
                const cv::Matx33d& start) {
  if (const auto fit = fit_least_squares(matches, start, dof)) candidates.push_back({dof, *fit});
}

void add_shift(std::vector<Candidate>& candidates, const std::vector<Match>& matches) {
  std::vector<double> shifts_x, shifts_y;
  for (const Match& match : matches) {
    shifts_x.push_back(match.target.x - match.source.x);
    shifts_y.push_back(match.target.y - match.source.y);
  }
  const double x = median(std::move(shifts_x)), y = median(std::move(shifts_y));
  add_fitted(candidates, matches, 2, {1, 0, x, 0, 1, y, 0, 0, 1});
}

void add_freer_models(std::vector<Candidate>& candidates, const std::vector<Match>& matches) {
  constexpr int kRansacRounds = 500;
  std::vector<cv::Point2f> source, target;
  for (const Match& match : matches) {
    source.emplace_back(match.source);
    target.emplace_back(match.target);
  }
  const cv::Mat similar = cv::estimateAffinePartial2D(source, target, cv::noArray(), cv::RANSAC,
                                                      kInlierPx, kRansacRounds);
  if (!similar.empty()) {
    const auto at = [&](int row, int column) { return similar.at<double>(row, column); };
    add_fitted(candidates, matches, 4,
               {at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(1, 2), 0, 0, 1});
  }
  const cv::Mat rough =
      cv::findHomography(source, target, cv::RANSAC, kInlierPx, {}, kRansacRounds);
  if (!rough.empty()) add_fitted(candidates, matches, 8, cv::Matx33d(rough.ptr<double>()));
}

/// The candidate of lowest Bayesian cost among those that hold for enough
/// matches.
std::optional<MotionFit> cheapest(std::vector<Candidate>& candidates,
                                  const std::vector<Match>& matches, const cv::Size& size) {
  constexpr double kMinNoisePx = 0.02;
  std::vector<Agreement> agreements;
  double noise = INFINITY;
  for (auto& [dof, fit] : candidates) {
    agreements.push_back(agreement(matches, fit.target_from_source));
    fit.inliers = agreements.back().inliers;
    noise = std::min(noise, agreements.back().squares / (2.0 * double(matches.size())));
  }
  noise = std::max(noise, kMinNoisePx * kMinNoisePx);
  const double count = 2.0 * static_cast<double>(matches.size());
  std::optional<MotionFit> best;
  double min_cost = INFINITY;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const auto& [dof, fit] = candidates[i];
    const bool rests = dof == 0;
    const double cost =
        agreements[i].squares / noise + (rests ? -kRestBonus : dof * std::log(count));
    const bool holds = fit.inliers >= kMinInliers + 3 * dof / 2 &&
                       fit.inliers >= (rests ? 0.25 : 0.4) * double(matches.size()) &&
                       is_plausible(fit.target_from_source, size);
    if (holds && cost < min_cost) min_cost = cost, best = fit;
  }
  return best;
}

}  // namespace

std::optional<MotionFit> select_motion_model(const std::vector<Match>& matches,
                                             const cv::Size& size) {
  std::vector<Candidate> candidates;
  add_shift(candidates, matches);
  // Nearly all points rest: there is nothing more to explain.
  const auto resting = std::ranges::count_if(
      matches, [](const Match& match) { return cv::norm(match.target - match.source) < kRestPx; });
  if (!candidates.empty() && double(resting) >= 0.9 * double(matches.size()) &&
      resting >= kMinInliers) {
    return MotionFit{.covariance = candidates.front().fit.covariance,
                     .inliers = static_cast<int>(resting)};
  }
  add_freer_models(candidates, matches);
  if (candidates.empty()) return std::nullopt;
  // Rest is as uncertain as the shift that was not needed.
  const MotionFit rest{.covariance = candidates.front().fit.covariance};
  if (candidates.front().dof == 2) candidates.insert(candidates.begin(), {0, rest});
  return cheapest(candidates, matches, size);
}

double worst_corner(const MotionFit& fit, const cv::Size& size) {
  const double w = size.width, h = size.height;
  double worst = 0;
  for (const cv::Point2d& corner : {cv::Point2d(0, 0), {w, 0}, {w, h}, {0, h}}) {
    for (const Row8& row : jacobian(fit.target_from_source, corner))
      worst = std::max(worst, row.dot(fit.covariance * row));
  }
  return std::sqrt(worst);
}

}  // namespace lido::scene
