// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/direct_alignment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace lido::scene {
namespace {

/// 255 where nothing may move by itself, in either picture, at a level of the pyramid. Everywhere,
/// where that would leave too little to see: what moves is then left out by its differences alone.
cv::Mat still_mask(const GrayFrame& a, const GrayFrame& b, size_t level) {
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

/// Pixels with a gradient that noise does not have, where the mask allows; every second of every
/// nth row.
std::vector<cv::Point> with_gradient(const cv::Mat& image, const cv::Mat& mask, int every) {
  constexpr int kGradient = 6;  // levels a pixel
  std::vector<cv::Point> places;
  for (int y = 2; y + 2 < image.rows; y += every) {
    const auto* line = image.ptr<uint8_t>(y);
    const auto* above = image.ptr<uint8_t>(y - 1);
    const auto* below = image.ptr<uint8_t>(y + 1);
    const auto* allowed = mask.ptr<uint8_t>(y);
    for (int x = 2 + y / every % 2; x + 2 < image.cols; x += 2) {
      const int dx = line[x + 1] - line[x - 1], dy = below[x] - above[x];
      if (allowed[x] != 0 && dx * dx + dy * dy >= 4 * kGradient * kGradient)
        places.emplace_back(x, y);
    }
  }
  return places;
}

/// A pixel of the reference with its gradient.
struct Pixel {
  double x, y;  ///< About the middle of the picture, in units of `unit` pixels.
  double value;
  Row8 descent;  ///< d value / d of the eight changes of a homography about the identity.
};

}  // namespace

std::optional<Fit> refine_alignment(const GrayFrame& from, const GrayFrame& to, const Fit& start,
                                    int level, int dof) {
  const size_t most_pixels = dof < 8 ? 4000 : 20000;
  const size_t fewest_pixels = size_t{500} >> level;
  constexpr int kRounds = 12;
  constexpr double kDone = 1e-3;   // pixels
  constexpr double kFarthest = 3;  // pixels from the start
  // Pixels side by side share their noise and the errors of interpolation.
  constexpr double kShared = 6;
  const cv::Matx33d begin = at_level(start.to_from_source, level);
  cv::Mat before, now;
  cv::GaussianBlur(from.pyramid[size_t(level)], before, {3, 3}, 0);
  cv::GaussianBlur(to.pyramid[size_t(level)], now, {3, 3}, 0);
  const cv::Mat mask = still_mask(from, to, size_t(level));
  const double unit = std::max(now.cols, now.rows) / 2.0;
  const cv::Matx33d pixels(unit, 0, now.cols / 2.0, 0, unit, now.rows / 2.0, 0, 0, 1);

  const auto places = with_gradient(before, mask, 1);
  if (places.size() < fewest_pixels) return std::nullopt;
  std::vector<Pixel> chosen;
  for (size_t i = 0; i < places.size(); i += (places.size() + most_pixels - 1) / most_pixels) {
    const auto [x, y] = places[i];
    const auto* line = before.ptr<uint8_t>(y);
    const double dx = (line[x + 1] - line[x - 1]) / 2.0;
    const double dy = (before.at<uint8_t>(y + 1, x) - before.at<uint8_t>(y - 1, x)) / 2.0;
    const double u = (x - pixels(0, 2)) / unit, v = (y - pixels(1, 2)) / unit;
    const double gx = dx * unit, gy = dy * unit, along = gx * u + gy * v;
    chosen.push_back({u, v, double(line[x]),
                      Row8(gx * u, gx * v, gx, gy * u, gy * v, gy, -along * u, -along * v)});
  }

  cv::Matx33d m = pixels.inv() * begin * pixels;
  const auto is_near = [&](const cv::Matx33d& mapping) {
    const double w = now.cols, h = now.rows;
    return std::ranges::all_of(
        std::array<cv::Point2d, 4>{{{0, 0}, {w, 0}, {w, h}, {0, h}}},
        [&](const cv::Point2d& corner) {
          return cv::norm(project(mapping, corner) - project(begin, corner)) < kFarthest;
        });
  };
  const cv::Mat basis = basis_of(dof);
  cv::Mat inverse;
  double squares = 0, weights = 0, bias = 0;
  for (int round = 0; round < kRounds; ++round) {
    struct Residual {
      double error;
      const Row8* descent;
    };
    std::vector<Residual> residuals;
    const cv::Matx33d now_from_unit = pixels * m;
    for (const Pixel& pixel : chosen) {
      const cv::Point2d at = project(now_from_unit, {pixel.x, pixel.y});
      const int x = static_cast<int>(std::floor(at.x)), y = static_cast<int>(std::floor(at.y));
      if (x < 1 || y < 1 || x + 2 >= now.cols || y + 2 >= now.rows || mask.at<uint8_t>(y, x) == 0)
        continue;
      const double fx = at.x - x, fy = at.y - y;
      const auto* row = now.ptr<uint8_t>(y) + x;
      const auto* next = now.ptr<uint8_t>(y + 1) + x;
      const double value =
          (1 - fy) * ((1 - fx) * row[0] + fx * row[1]) + fy * ((1 - fx) * next[0] + fx * next[1]);
      residuals.push_back({value - pixel.value - bias, &pixel.descent});
    }
    if (residuals.size() < fewest_pixels) return std::nullopt;
    std::vector<double> sizes;
    for (const Residual& one : residuals) sizes.push_back(std::abs(one.error));
    std::ranges::nth_element(sizes, sizes.begin() + std::ssize(sizes) / 2);
    const double huber_threshold = std::max(1.0, 1.5 * sizes[sizes.size() / 2]);
    Matrix8 normal = Matrix8::zeros();
    Row8 gradient = Row8::all(0);
    squares = weights = 0;
    double errors = 0;
    for (const Residual& one : residuals) {
      const double size = std::abs(one.error);
      // A coarse fit must not be pulled by what moves by itself; a fine one has left it behind.
      const double weight = dof < 8 && size > 3 * huber_threshold
                                ? 0
                                : std::min(1.0, huber_threshold / std::max(size, 1e-9));
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
    bias += errors / weights;
    if (!is_near(pixels * m * pixels.inv())) return std::nullopt;
    if (cv::norm(change, cv::NORM_INF) * unit < kDone) break;
  }
  const cv::Matx33d found = at_level(pixels * m * pixels.inv(), -level);
  Fit fit{.to_from_source = found * (1 / found(2, 2)), .inliers = start.inliers};
  if (!is_plausible(fit.to_from_source, to.size)) return std::nullopt;
  // From the eight changes to the elements of the mapping, to first order.
  Matrix8 elements;
  for (int i = 0; i < 8; ++i) {
    cv::Matx33d unit_change = cv::Matx33d::zeros();
    unit_change.val[i] = 1;
    const cv::Matx33d change =
        fit.to_from_source * at_level(pixels * unit_change * pixels.inv(), -level);
    for (int j = 0; j < 8; ++j)
      elements(j, i) = fit.to_from_source.val[j] * change(2, 2) - change.val[j];
  }
  const cv::Mat covariance = cv::Mat(elements) * inverse * cv::Mat(elements).t();
  fit.covariance = Matrix8(covariance.ptr<double>()) * (kShared * squares / weights);
  return fit;
}

namespace {

/// Two pictures at one level of their pyramids, to be laid over each other in many ways.
class Overlay {
 public:
  Overlay(const GrayFrame& from, const GrayFrame& to, int level)
      : level_(level), now_(to.pyramid[size_t(level)]), mask_(still_mask(from, to, size_t(level))) {
    constexpr size_t kMost = 800;
    const cv::Mat& before = from.pyramid[size_t(level)];
    const auto places = with_gradient(before, mask_, 2);
    for (size_t i = 0; i < places.size(); i += (places.size() + kMost - 1) / kMost)
      spots_.push_back(
          {double(places[i].x), double(places[i].y), double(before.at<uint8_t>(places[i]))});
  }

  /// How far they differ under a mapping: levels, the mean over pixels with a gradient, none
  /// counted for more than kFar. Infinite where too little is left in view.
  double disagreement(const cv::Matx33d& to_from_source) const {
    constexpr double kFar = 25;
    constexpr size_t kFewest = 50;
    const cv::Matx33d m = at_level(to_from_source, level_);
    std::vector<double> errors;
    errors.reserve(spots_.size());
    for (const Spot& spot : spots_) {
      const cv::Point2d at = project(m, {spot.x, spot.y});
      if (!(at.x >= 1 && at.y >= 1 && at.x < now_.cols - 2 && at.y < now_.rows - 2)) continue;
      const int left = static_cast<int>(at.x), top = static_cast<int>(at.y);
      if (mask_.at<uint8_t>(top, left) == 0) continue;
      const double fx = at.x - left, fy = at.y - top;
      const auto* row = now_.ptr<uint8_t>(top) + left;
      const auto* next = now_.ptr<uint8_t>(top + 1) + left;
      errors.push_back((1 - fy) * ((1 - fx) * row[0] + fx * row[1]) +
                       fy * ((1 - fx) * next[0] + fx * next[1]) - spot.value);
    }
    if (errors.size() < kFewest || 2 * errors.size() < spots_.size()) return INFINITY;
    // The whole picture may have become brighter or darker.
    const auto middle = errors.begin() + std::ssize(errors) / 2;
    std::ranges::nth_element(errors, middle);
    const double bias = *middle;
    double sum = 0;
    for (const double error : errors) sum += std::min(std::abs(error - bias), kFar);
    return sum / static_cast<double>(errors.size());
  }

 private:
  struct Spot {
    double x, y, value;
  };
  int level_;
  const cv::Mat& now_;
  cv::Mat mask_;
  std::vector<Spot> spots_;
};

/// The best shift after a guess, by trying them all.
cv::Matx33d best_shift(const Overlay& coarse, const cv::Matx33d& guess) {
  constexpr int kReach = 5;    // steps to each side
  constexpr double kStep = 4;  // reduced pixels: one of the coarse level
  cv::Matx33d best = guess;
  double least = INFINITY;
  for (int y = -kReach; y <= kReach; ++y) {
    for (int x = -kReach; x <= kReach; ++x) {
      const cv::Matx33d shift(1, 0, kStep * x, 0, 1, kStep * y, 0, 0, 1);
      const double here = coarse.disagreement(shift * guess);
      if (here < least) least = here, best = shift * guess;
    }
  }
  return best;
}

}  // namespace

std::optional<Fit> select_alignment(const GrayFrame& from, const GrayFrame& to,
                                    const std::vector<Fit>& guesses) {
  constexpr double kAside = 12;      // reduced pixels: certainly another place
  constexpr double kAligned = 0.92;  // of what a wrong place gives
  constexpr double kRestGain = 0.97;
  constexpr double kUnsure_px = 0.3;  // whatever the pixels say: what moves is among them
  constexpr int kSharpened = 4;       // dof
  constexpr double kSame_px = 8;
  const Overlay coarse(from, to, 2), fine(from, to, 1);
  std::optional<Fit> best;
  double least = INFINITY;
  for (size_t i = 0; i < guesses.size(); ++i) {
    // Two that are near each other would find the same.
    const auto is_near = [&](const Fit& other) {
      const cv::Point2d end(to.size.width, to.size.height);
      return cv::norm(project(other.to_from_source, end) -
                      project(guesses[i].to_from_source, end)) +
                 cv::norm(project(other.to_from_source, {0, 0}) -
                          project(guesses[i].to_from_source, {0, 0})) <
             kSame_px;
    };
    if (std::any_of(guesses.begin(), guesses.begin() + std::ptrdiff_t(i), is_near)) continue;
    Fit sharp{.to_from_source = best_shift(coarse, guesses[i].to_from_source)};
    for (const int level : {2, 1})
      sharp = refine_alignment(from, to, sharp, level, kSharpened).value_or(sharp);
    const double gives = fine.disagreement(sharp.to_from_source);
    if (gives < least) least = gives, best = sharp;
  }
  if (!best) return std::nullopt;
  double elsewhere = 0;
  int places = 0;
  for (const auto& [x, y] : {std::pair(1, 0), {-1, 0}, {0, 1}, {0, -1}}) {
    const cv::Matx33d aside(1, 0, x * kAside, 0, 1, y * kAside, 0, 0, 1);
    const double gives = coarse.disagreement(aside * best->to_from_source);
    if (std::isfinite(gives)) elsewhere += gives, ++places;
  }
  if (places == 0 || coarse.disagreement(best->to_from_source) > kAligned * elsewhere / places)
    return std::nullopt;
  best = refine_alignment(from, to, *best, 0, kSharpened).value_or(*best);
  const double unsure_px = worst_corner(*best, to.size) == 0 ? kCoarsePx : kUnsure_px;
  for (const int shift : {2, 5}) best->covariance(shift, shift) += unsure_px * unsure_px;
  // A camera that rests need not be followed through its noise.
  if (kRestGain * fine.disagreement(cv::Matx33d::eye()) <= least)
    best->to_from_source = cv::Matx33d::eye();
  best->inliers = 0;
  return best;
}

bool looks_alike(const GrayFrame& a, const GrayFrame& b) {
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
