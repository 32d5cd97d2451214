// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/pixels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace lido::scene {
namespace {

/// 255 where nothing may move by itself, in either picture, at a level of the pyramid. Everywhere,
/// where that would leave too little to see: what moves is then left out by its differences alone.
cv::Mat still_mask(const Picture& a, const Picture& b, size_t level) {
  constexpr double kLeast = 0.5;  // of the picture
  const int size = 1 << level;
  cv::Mat mask(b.pyramid[level].size(), CV_8U, cv::Scalar(255));
  for (const auto* moving : {&a.moving, &b.moving}) {
    for (const Box& box : *moving) {
      const cv::Rect area(cv::Point(int(box.x / size), int(box.y / size)),
                          cv::Point(int(box.right() / size) + 1, int(box.bottom() / size) + 1));
      mask(area & cv::Rect({0, 0}, mask.size())).setTo(0);
    }
  }
  if (cv::countNonZero(mask) < kLeast * double(mask.total())) mask.setTo(255);
  return mask;
}

/// A mapping between two pictures, between their levels of the pyramid: a level's pixel lies on
/// every second pixel of the level before, not between two.
cv::Matx33d at_level(const cv::Matx33d& m, int level) {
  const double size = std::ldexp(1, level);
  const cv::Matx33d enlarge(size, 0, 0, 0, size, 0, 0, 0, 1);
  return enlarge.inv() * m * enlarge;
}

/// A pixel of the reference with its gradient.
struct Pixel {
  double x, y;  ///< About the middle of the picture, in units of `unit` pixels.
  double value;
  Row8 descent;  ///< d value / d of the eight changes of a homography about the identity.
};

}  // namespace

std::optional<Fit> sharpen(const Picture& from, const Picture& to, const Fit& start, int level,
                           int freedoms) {
  constexpr double kGradient = 6;  // levels a pixel; noise has less
  constexpr size_t kMostPixels = 20000;
  const size_t fewest_pixels = size_t{500} >> level;
  constexpr int kRounds = 12;
  constexpr double kDone = 1e-3;   // pixels
  constexpr double kFarthest = 3;  // pixels from the start
  // Pixels side by side share their noise and the errors of interpolation.
  constexpr double kShared = 6;
  const cv::Matx33d begin = at_level(start.to_from_from, level);
  cv::Mat before, now;
  cv::GaussianBlur(from.pyramid[size_t(level)], before, {3, 3}, 0);
  cv::GaussianBlur(to.pyramid[size_t(level)], now, {3, 3}, 0);
  const cv::Mat mask = still_mask(from, to, size_t(level));
  const double unit = std::max(now.cols, now.rows) / 2.0;
  const cv::Matx33d pixels(unit, 0, now.cols / 2.0, 0, unit, now.rows / 2.0, 0, 0, 1);

  std::vector<Pixel> all;
  for (int y = 2; y + 2 < before.rows; ++y) {
    const auto* line = before.ptr<uint8_t>(y);
    const auto* above = before.ptr<uint8_t>(y - 1);
    const auto* below = before.ptr<uint8_t>(y + 1);
    const auto* still = mask.ptr<uint8_t>(y);
    for (int x = 2 + y % 2; x + 2 < before.cols; x += 2) {
      const double dx = (line[x + 1] - line[x - 1]) / 2.0, dy = (below[x] - above[x]) / 2.0;
      if (still[x] == 0 || dx * dx + dy * dy < kGradient * kGradient) continue;
      const double u = (x - pixels(0, 2)) / unit, v = (y - pixels(1, 2)) / unit;
      const double gx = dx * unit, gy = dy * unit, along = gx * u + gy * v;
      all.push_back({u, v, double(line[x]),
                     Row8(gx * u, gx * v, gx, gy * u, gy * v, gy, -along * u, -along * v)});
    }
  }
  if (all.size() < fewest_pixels) return std::nullopt;
  const size_t step = (all.size() + kMostPixels - 1) / kMostPixels;

  cv::Matx33d m = pixels.inv() * begin * pixels;
  const auto is_near = [&](const cv::Matx33d& mapping) {
    const double w = now.cols, h = now.rows;
    return std::ranges::all_of(
        std::array<cv::Point2d, 4>{{{0, 0}, {w, 0}, {w, h}, {0, h}}},
        [&](const cv::Point2d& corner) {
          return cv::norm(project(mapping, corner) - project(begin, corner)) < kFarthest;
        });
  };
  const cv::Mat basis = basis_of(freedoms);
  cv::Mat inverse;
  double squares = 0, weights = 0, light = 0;
  for (int round = 0; round < kRounds; ++round) {
    struct Residual {
      double error;
      const Row8* descent;
    };
    std::vector<Residual> residuals;
    for (size_t i = 0; i < all.size(); i += step) {
      const cv::Point2d at = project(pixels * m, {all[i].x, all[i].y});
      const int x = static_cast<int>(std::floor(at.x)), y = static_cast<int>(std::floor(at.y));
      if (x < 1 || y < 1 || x + 2 >= now.cols || y + 2 >= now.rows || mask.at<uint8_t>(y, x) == 0)
        continue;
      const double fx = at.x - x, fy = at.y - y;
      const auto* row = now.ptr<uint8_t>(y) + x;
      const auto* next = now.ptr<uint8_t>(y + 1) + x;
      const double value =
          (1 - fy) * ((1 - fx) * row[0] + fx * row[1]) + fy * ((1 - fx) * next[0] + fx * next[1]);
      residuals.push_back({value - all[i].value - light, &all[i].descent});
    }
    if (residuals.size() < fewest_pixels) return std::nullopt;
    std::vector<double> sizes;
    for (const Residual& one : residuals) sizes.push_back(std::abs(one.error));
    std::ranges::nth_element(sizes, sizes.begin() + std::ssize(sizes) / 2);
    const double knee = std::max(1.0, 1.5 * sizes[sizes.size() / 2]);
    Matrix8 normal = Matrix8::zeros();
    Row8 gradient = Row8::all(0);
    squares = weights = 0;
    double errors = 0;
    for (const Residual& one : residuals) {
      const double size = std::abs(one.error);
      // A coarse fit must not be pulled by what moves by itself; a fine one has left it behind.
      const double weight =
          freedoms < 8 && size > 3 * knee ? 0 : std::min(1.0, knee / std::max(size, 1e-9));
      squares += weight * one.error * one.error;
      weights += weight;
      errors += weight * one.error;
      for (int i = 0; i < 8; ++i) {
        const double part = weight * (*one.descent)[i];
        gradient[i] += part * one.error;
        for (int j = i; j < 8; ++j) normal(i, j) += part * (*one.descent)[j];
      }
    }
    for (int i = 0; i < 8; ++i) {
      for (int j = 0; j < i; ++j) normal(i, j) = normal(j, i);
    }
    const cv::Mat reduced = basis.t() * cv::Mat(normal) * basis;
    if (cv::invert(reduced, inverse, cv::DECOMP_CHOLESKY) == 0) return std::nullopt;
    inverse = basis * inverse * basis.t();
    const cv::Mat change = inverse * cv::Mat(gradient);
    const auto p = [&](int i) { return change.at<double>(i); };
    const cv::Matx33d moved(1 + p(0), p(1), p(2), p(3), 1 + p(4), p(5), p(6), p(7), 1);
    m = m * moved.inv();
    light += errors / weights;
    if (!is_near(pixels * m * pixels.inv())) return std::nullopt;
    if (cv::norm(change, cv::NORM_INF) * unit < kDone) break;
  }
  const cv::Matx33d found = at_level(pixels * m * pixels.inv(), -level);
  Fit fit{.to_from_from = found * (1 / found(2, 2)), .inliers = start.inliers};
  if (!is_plausible(fit.to_from_from, to.size)) return std::nullopt;
  // From the eight changes to the elements of the mapping, to first order.
  Matrix8 elements;
  for (int i = 0; i < 8; ++i) {
    cv::Matx33d unit_change = cv::Matx33d::zeros();
    unit_change.val[i] = 1;
    const cv::Matx33d change =
        fit.to_from_from * at_level(pixels * unit_change * pixels.inv(), -level);
    for (int j = 0; j < 8; ++j)
      elements(j, i) = fit.to_from_from.val[j] * change(2, 2) - change.val[j];
  }
  const cv::Mat covariance = cv::Mat(elements) * inverse * cv::Mat(elements).t();
  fit.covariance = Matrix8(covariance.ptr<double>()) * (kShared * squares / weights);
  return fit;
}

namespace {

/// How far two pictures differ where one has been laid over the other: levels, the mean over pixels
/// with a gradient, none counted for more than kFar. Infinite where too little is left in view.
double disagreement(const Picture& from, const Picture& to, const cv::Matx33d& to_from_from,
                    int level) {
  constexpr double kGradient = 6, kFar = 25;
  const cv::Mat& before = from.pyramid[size_t(level)];
  const cv::Mat& now = to.pyramid[size_t(level)];
  const cv::Mat mask = still_mask(from, to, size_t(level));
  const cv::Matx33d m = at_level(to_from_from, level);
  std::vector<double> errors;
  size_t all = 0;
  for (int y = 2; y + 2 < before.rows; y += 2) {
    const auto* line = before.ptr<uint8_t>(y);
    const auto* above = before.ptr<uint8_t>(y - 1);
    const auto* below = before.ptr<uint8_t>(y + 1);
    for (int x = 2 + y / 2 % 2; x + 2 < before.cols; x += 2) {
      const int dx = line[x + 1] - line[x - 1], dy = below[x] - above[x];
      if (dx * dx + dy * dy < 4 * kGradient * kGradient || mask.at<uint8_t>(y, x) == 0) continue;
      ++all;
      const cv::Point2d at = project(m, cv::Point2d(x, y));
      const int left = static_cast<int>(std::floor(at.x)), top = static_cast<int>(std::floor(at.y));
      if (left < 1 || top < 1 || left + 2 >= now.cols || top + 2 >= now.rows ||
          mask.at<uint8_t>(top, left) == 0)
        continue;
      const double fx = at.x - left, fy = at.y - top;
      const auto* row = now.ptr<uint8_t>(top) + left;
      const auto* next = now.ptr<uint8_t>(top + 1) + left;
      errors.push_back((1 - fy) * ((1 - fx) * row[0] + fx * row[1]) +
                       fy * ((1 - fx) * next[0] + fx * next[1]) - line[x]);
    }
  }
  if (errors.size() < 50 || 2 * errors.size() < all) return INFINITY;
  // The whole picture may have become brighter or darker.
  std::vector<double> sorted = errors;
  std::ranges::nth_element(sorted, sorted.begin() + std::ssize(sorted) / 2);
  const double light = sorted[sorted.size() / 2];
  double sum = 0;
  for (const double error : errors) sum += std::min(std::abs(error - light), kFar);
  return sum / static_cast<double>(errors.size());
}

}  // namespace

std::optional<Fit> settle(const Picture& from, const Picture& to, std::vector<Fit> guesses) {
  constexpr double kAside = 12;      // reduced pixels: certainly another place
  constexpr double kAligned = 0.92;  // of what a wrong place gives
  constexpr double kRestGain = 0.97;
  constexpr double kUnsure_px = 0.3;  // whatever the pixels say: what moves is among them
  constexpr int kReach = 5;           // pixels of the coarsest level used
  std::optional<Fit> best;
  double least = INFINITY;
  for (Fit& guess : guesses) {
    // The best shift, by trying them all.
    cv::Matx33d shifted = guess.to_from_from;
    double gives = INFINITY;
    for (int y = -kReach; y <= kReach; ++y) {
      for (int x = -kReach; x <= kReach; ++x) {
        const cv::Matx33d shift(1, 0, 4 * x, 0, 1, 4 * y, 0, 0, 1);
        const double here = disagreement(from, to, shift * guess.to_from_from, 2);
        if (here < gives) gives = here, shifted = shift * guess.to_from_from;
      }
    }
    Fit sharp{.to_from_from = shifted};
    for (const int level : {2, 1, 0}) sharp = sharpen(from, to, sharp, level, 4).value_or(sharp);
    const double unsure_px = worst_corner(sharp, to.size) == 0 ? kCoarsePx : kUnsure_px;
    for (const int shift : {2, 5}) sharp.covariance(shift, shift) += unsure_px * unsure_px;
    gives = disagreement(from, to, sharp.to_from_from, 1);
    if (gives < least) least = gives, best = sharp;
  }
  if (!best) return std::nullopt;
  double elsewhere = 0;
  int places = 0;
  for (const auto& [x, y] : {std::pair(1, 0), {-1, 0}, {0, 1}, {0, -1}}) {
    const cv::Matx33d aside(1, 0, x * kAside, 0, 1, y * kAside, 0, 0, 1);
    const double gives = disagreement(from, to, aside * best->to_from_from, 2);
    if (std::isfinite(gives)) elsewhere += gives, ++places;
  }
  if (places == 0 || disagreement(from, to, best->to_from_from, 2) > kAligned * elsewhere / places)
    return std::nullopt;
  // A camera that rests need not be followed through its noise.
  if (kRestGain * disagreement(from, to, cv::Matx33d::eye(), 1) <= least)
    best->to_from_from = cv::Matx33d::eye();
  best->inliers = 0;
  return best;
}

bool looks_alike(const Picture& a, const Picture& b) {
  constexpr double kAlike = 0.7;  // correlation
  cv::Mat before, now;
  cv::resize(a.pyramid[2], before, {}, 0.5, 0.5, cv::INTER_AREA);
  cv::resize(b.pyramid[2], now, {}, 0.5, 0.5, cv::INTER_AREA);
  double count = 0, sum_a = 0, sum_b = 0, sum_aa = 0, sum_bb = 0, sum_ab = 0;
  for (int y = 0; y < now.rows; ++y) {
    for (int x = 0; x < now.cols; ++x) {
      const cv::Point2f at(static_cast<float>(8 * x + 4), static_cast<float>(8 * y + 4));
      if (is_moving(a.moving, at) || is_moving(b.moving, at)) continue;
      const double va = before.at<uint8_t>(y, x), vb = now.at<uint8_t>(y, x);
      ++count;
      sum_a += va;
      sum_b += vb;
      sum_aa += va * va;
      sum_bb += vb * vb;
      sum_ab += va * vb;
    }
  }
  if (count < 0.05 * static_cast<double>(now.total())) return true;  // somebody before the camera
  const double variances = (sum_aa - sum_a * sum_a / count) * (sum_bb - sum_b * sum_b / count);
  if (variances <= 0) return false;
  return (sum_ab - sum_a * sum_b / count) / std::sqrt(variances) > kAlike;
}

bool is_moving(const std::vector<Box>& moving, const cv::Point2f& p) {
  return std::ranges::any_of(moving, [&](const Box& box) {
    return p.x >= box.x && p.x < box.right() && p.y >= box.y && p.y < box.bottom();
  });
}

}  // namespace lido::scene
