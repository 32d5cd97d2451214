// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/direct_alignment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <utility>

#include "lido/base/median.h"

namespace lido::scene {
namespace {

/// Mask of a pyramid level: 255 where nothing moves by itself in either frame.
/// All 255 when the moving boxes leave too little: moving pixels are then
/// rejected by their differences alone.
cv::Mat still_mask(const GrayFrame& a, const GrayFrame& b, size_t level) {
  constexpr double kMinStillShare = 0.5;
  const int size = 1 << level;
  cv::Mat mask(b.pyramid[level].size(), CV_8U, cv::Scalar(255));
  for (const auto* moving : {&a.moving, &b.moving}) {
    for (const Box& box : *moving) {
      const cv::Rect area(cv::Point(int(box.x / size), int(box.y / size)),
                          cv::Point(int(box.right() / size) + 1, int(box.bottom() / size) + 1));
      mask(area & cv::Rect({0, 0}, mask.size())).setTo(0);
    }
  }
  if (cv::countNonZero(mask) < kMinStillShare * double(mask.total())) mask.setTo(255);
  return mask;
}

/// Converts a mapping between two frames to one between their pyramids' levels.
/// A pixel of a level is centred on every second pixel of the level before.
cv::Matx33d at_level(const cv::Matx33d& m, int level) {
  const double size = std::ldexp(1, level);
  const cv::Matx33d enlarge(size, 0, 0, 0, size, 0, 0, 0, 1);
  return enlarge.inv() * m * enlarge;
}

/// Pixels whose gradient is above noise and that the mask allows; every second
/// pixel of every nth row.
std::vector<cv::Point> with_gradient(const cv::Mat& image, const cv::Mat& mask, int every) {
  constexpr int kMinGradient = 6;  // brightness levels a pixel
  std::vector<cv::Point> places;
  for (int y = 2; y + 2 < image.rows; y += every) {
    const auto* line = image.ptr<uint8_t>(y);
    const auto* above = image.ptr<uint8_t>(y - 1);
    const auto* below = image.ptr<uint8_t>(y + 1);
    const auto* allowed = mask.ptr<uint8_t>(y);
    for (int x = 2 + y / every % 2; x + 2 < image.cols; x += 2) {
      const int dx = line[x + 1] - line[x - 1], dy = below[x] - above[x];
      if (allowed[x] != 0 && dx * dx + dy * dy >= 4 * kMinGradient * kMinGradient)
        places.emplace_back(x, y);
    }
  }
  return places;
}

/// Whether the four pixels around a place are inside the image and the mask
/// allows the first.
bool can_sample(const cv::Mat& image, const cv::Mat& mask, const cv::Point2d& at) {
  return at.x >= 1 && at.y >= 1 && at.x < image.cols - 2 && at.y < image.rows - 2 &&
         mask.at<uint8_t>(static_cast<int>(at.y), static_cast<int>(at.x)) != 0;
}

/// Brightness between four pixels, bilinear. The place is one that can_sample()
/// allows.
double sample_bilinear(const cv::Mat& image, const cv::Point2d& at) {
  const int x = static_cast<int>(at.x), y = static_cast<int>(at.y);
  const double fx = at.x - x, fy = at.y - y;
  const auto* row = image.ptr<uint8_t>(y) + x;
  const auto* next = image.ptr<uint8_t>(y + 1) + x;
  return (1 - fy) * ((1 - fx) * row[0] + fx * row[1]) + fy * ((1 - fx) * next[0] + fx * next[1]);
}

/// Two smoothed pyramid levels that are to be aligned.
struct AlignedPair {
  cv::Mat source, target, mask;
  double unit;                  ///< Half of the longer side, pixels.
  cv::Matx33d pixel_from_unit;  ///< From a frame with its origin in the middle
                                ///< and `unit` as 1.
};

AlignedPair make_pair(const GrayFrame& source, const GrayFrame& target, int level) {
  AlignedPair pair;
  cv::GaussianBlur(source.pyramid[size_t(level)], pair.source, {3, 3}, 0);
  cv::GaussianBlur(target.pyramid[size_t(level)], pair.target, {3, 3}, 0);
  pair.mask = still_mask(source, target, size_t(level));
  pair.unit = std::max(pair.target.cols, pair.target.rows) / 2.0;
  pair.pixel_from_unit = {
      pair.unit, 0, pair.target.cols / 2.0, 0, pair.unit, pair.target.rows / 2.0, 0, 0, 1};
  return pair;
}

/// A pixel of the source image with its gradient.
struct GradientPixel {
  double x, y;   ///< From the middle of the image, in units of AlignedPair::unit.
  double value;  ///< Brightness.
  Row8 descent;  ///< d value / d of the eight changes of a homography about the
                 ///< identity.
};

/// The source pixels that decide an alignment, spread evenly; empty when there
/// are fewer than `min_pixels`.
std::vector<GradientPixel> choose_pixels(const AlignedPair& pair, size_t min_pixels,
                                         size_t max_pixels) {
  const auto places = with_gradient(pair.source, pair.mask, 1);
  std::vector<GradientPixel> chosen;
  if (places.size() < min_pixels) return chosen;
  for (size_t i = 0; i < places.size(); i += (places.size() + max_pixels - 1) / max_pixels) {
    const auto [x, y] = places[i];
    const auto* line = pair.source.ptr<uint8_t>(y);
    const double dx = (line[x + 1] - line[x - 1]) / 2.0;
    const double dy = (pair.source.at<uint8_t>(y + 1, x) - pair.source.at<uint8_t>(y - 1, x)) / 2.0;
    const double u = (x - pair.pixel_from_unit(0, 2)) / pair.unit;
    const double v = (y - pair.pixel_from_unit(1, 2)) / pair.unit;
    const double gx = dx * pair.unit, gy = dy * pair.unit, along = gx * u + gy * v;
    chosen.push_back({u, v, double(line[x]),
                      Row8(gx * u, gx * v, gx, gy * u, gy * v, gy, -along * u, -along * v)});
  }
  return chosen;
}

/// Difference in brightness at one pixel.
struct Residual {
  double error;
  const Row8* descent;
};

/// Residuals of the pixels that a mapping keeps in view.
/// @param target_from_source  In units.
/// @param bias  Brightness that the target gained as a whole.
std::vector<Residual> residuals_of(const AlignedPair& pair,
                                   const std::vector<GradientPixel>& pixels,
                                   const cv::Matx33d& target_from_source, double bias) {
  std::vector<Residual> residuals;
  const cv::Matx33d pixel_from_source = pair.pixel_from_unit * target_from_source;
  for (const GradientPixel& pixel : pixels) {
    const cv::Point2d at = project(pixel_from_source, {pixel.x, pixel.y});
    if (!can_sample(pair.target, pair.mask, at)) continue;
    residuals.push_back({sample_bilinear(pair.target, at) - pixel.value - bias, &pixel.descent});
  }
  return residuals;
}

/// Normal equations of one round of least squares.
struct NormalEquations {
  Matrix8 normal = Matrix8::zeros();
  Row8 gradient = Row8::all(0);
  double squares = 0, weights = 0,
         errors = 0;  ///< Weighted sums over the residuals.
};

NormalEquations make_equations(const std::vector<Residual>& residuals, bool reject_outliers) {
  std::vector<double> sizes;
  for (const Residual& one : residuals) sizes.push_back(std::abs(one.error));
  const double huber_threshold = std::max(1.0, 1.5 * median(std::move(sizes)));
  NormalEquations sum;
  for (const Residual& one : residuals) {
    const double size = std::abs(one.error);
    const double weight = reject_outliers && size > 3 * huber_threshold
                              ? 0
                              : std::min(1.0, huber_threshold / std::max(size, 1e-9));
    sum.squares += weight * one.error * one.error;
    sum.weights += weight;
    sum.errors += weight * one.error;
    for (int i = 0; i < 8; ++i) {
      const double part = weight * (*one.descent)[i];
      sum.gradient[i] += part * one.error;
      for (int j = i; j < 8; ++j) sum.normal(i, j) += part * (*one.descent)[j];
    }
  }
  for (int i = 0; i < 8; ++i) {
    for (int j = 0; j < i; ++j) sum.normal(i, j) = sum.normal(j, i);
  }
  return sum;
}

/// Whether two mappings move every corner of an image to nearly the same place.
bool is_near(const cv::Matx33d& a, const cv::Matx33d& b, const cv::Size& size, double max_px) {
  const double w = size.width, h = size.height;
  return std::ranges::all_of(std::array<cv::Point2d, 4>{{{0, 0}, {w, 0}, {w, h}, {0, h}}},
                             [&](const cv::Point2d& corner) {
                               return cv::norm(project(a, corner) - project(b, corner)) < max_px;
                             });
}

/// Result of the iterations of an alignment.
struct Alignment {
  cv::Matx33d target_from_source;  ///< In units.
  cv::Mat inverse;                 ///< Inverse of the last normal matrix, 8 x 8.
  double squares = 0;              ///< Weighted sum of squared residuals in the last round.
  double weights = 0;              ///< Sum of their weights.
};

/// Iteratively reweighted least squares (IRLS), inverse compositional.
/// @param begin  Start of the mapping, in pixels of the level.
std::optional<Alignment> iterate(const AlignedPair& pair, const std::vector<GradientPixel>& pixels,
                                 const cv::Matx33d& begin, size_t min_pixels, int dof) {
  constexpr int kMaxRounds = 12;
  constexpr double kConvergedPx = 1e-3;
  constexpr double kMaxMovePx = 3;
  const cv::Matx33d unit_from_pixel = pair.pixel_from_unit.inv();
  const cv::Mat basis = basis_of(dof);
  Alignment alignment{unit_from_pixel * begin * pair.pixel_from_unit, {}};
  cv::Matx33d& m = alignment.target_from_source;
  double bias = 0;
  for (int round = 0; round < kMaxRounds; ++round) {
    const auto residuals = residuals_of(pair, pixels, m, bias);
    if (residuals.size() < min_pixels) return std::nullopt;
    // A coarse fit must not be pulled by what moves by itself. A fine fit
    // starts past that.
    const auto equations = make_equations(residuals, /*reject_outliers=*/dof < 8);
    const cv::Mat reduced = basis.t() * cv::Mat(equations.normal) * basis;
    cv::Mat& inverse = alignment.inverse;
    if (cv::invert(reduced, inverse, cv::DECOMP_CHOLESKY) == 0) return std::nullopt;
    inverse = basis * inverse * basis.t();
    alignment.squares = equations.squares;
    alignment.weights = equations.weights;
    const cv::Mat change = inverse * cv::Mat(equations.gradient);
    const auto p = [&](int i) { return change.at<double>(i); };
    const cv::Matx33d moved(1 + p(0), p(1), p(2), p(3), 1 + p(4), p(5), p(6), p(7), 1);
    m = m * moved.inv();
    bias += equations.errors / equations.weights;
    if (!is_near(pair.pixel_from_unit * m * unit_from_pixel, begin, pair.target.size(), kMaxMovePx))
      return std::nullopt;
    if (cv::norm(change, cv::NORM_INF) * pair.unit < kConvergedPx) break;
  }
  return alignment;
}

/// Covariance of a mapping's elements from that of the eight changes, to first
/// order.
Matrix8 covariance_of(const cv::Matx33d& target_from_source, const AlignedPair& pair, int level,
                      const Alignment& alignment) {
  // Neighbouring pixels share their noise and the errors of interpolation.
  constexpr double kSharedNoise = 6;
  Matrix8 elements;
  for (int i = 0; i < 8; ++i) {
    cv::Matx33d unit_change = cv::Matx33d::zeros();
    unit_change.val[i] = 1;
    const cv::Matx33d change =
        target_from_source *
        at_level(pair.pixel_from_unit * unit_change * pair.pixel_from_unit.inv(), -level);
    for (int j = 0; j < 8; ++j)
      elements(j, i) = target_from_source.val[j] * change(2, 2) - change.val[j];
  }
  const cv::Mat covariance = cv::Mat(elements) * alignment.inverse * cv::Mat(elements).t();
  return Matrix8(covariance.ptr<double>()) * (kSharedNoise * alignment.squares / alignment.weights);
}

}  // namespace

std::optional<MotionFit> refine_alignment(const GrayFrame& source, const GrayFrame& target,
                                          const MotionFit& start, int level, int dof) {
  const size_t max_pixels = dof < 8 ? 4000 : 20000;
  const size_t min_pixels = size_t{500} >> level;
  const AlignedPair pair = make_pair(source, target, level);
  const auto pixels = choose_pixels(pair, min_pixels, max_pixels);
  if (pixels.empty()) return std::nullopt;
  const cv::Matx33d begin = at_level(start.target_from_source, level);
  const auto alignment = iterate(pair, pixels, begin, min_pixels, dof);
  if (!alignment) return std::nullopt;
  const cv::Matx33d found = at_level(
      pair.pixel_from_unit * alignment->target_from_source * pair.pixel_from_unit.inv(), -level);
  MotionFit fit{.target_from_source = found * (1 / found(2, 2)), .inliers = start.inliers};
  if (!is_plausible(fit.target_from_source, target.size)) return std::nullopt;
  fit.covariance = covariance_of(fit.target_from_source, pair, level, *alignment);
  return fit;
}

namespace {

/// Compares two frames at one pyramid level under many mappings.
class Comparison {
 public:
  Comparison(const GrayFrame& source, const GrayFrame& target, int level)
      : level_(level),
        target_(target.pyramid[size_t(level)]),
        mask_(still_mask(source, target, size_t(level))) {
    constexpr size_t kMaxSpots = 800;
    const cv::Mat& image = source.pyramid[size_t(level)];
    const auto places = with_gradient(image, mask_, 2);
    for (size_t i = 0; i < places.size(); i += (places.size() + kMaxSpots - 1) / kMaxSpots)
      spots_.push_back(
          {double(places[i].x), double(places[i].y), double(image.at<uint8_t>(places[i]))});
  }

  /// Mean absolute difference of brightness over pixels with a gradient, none
  /// counted as more than kMaxError. Infinite when too few pixels stay in view.
  double photometric_error(const cv::Matx33d& target_from_source) const {
    constexpr double kMaxError = 25;
    constexpr size_t kMinSpots = 50;
    const cv::Matx33d m = at_level(target_from_source, level_);
    std::vector<double> errors;
    errors.reserve(spots_.size());
    for (const Spot& spot : spots_) {
      const cv::Point2d at = project(m, {spot.x, spot.y});
      if (can_sample(target_, mask_, at))
        errors.push_back(sample_bilinear(target_, at) - spot.value);
    }
    if (errors.size() < kMinSpots || 2 * errors.size() < spots_.size()) return INFINITY;
    // The image as a whole may have become brighter or darker.
    const double bias = reorder_to_median(std::span(errors));
    double sum = 0;
    for (const double error : errors) sum += std::min(std::abs(error - bias), kMaxError);
    return sum / static_cast<double>(errors.size());
  }

 private:
  struct Spot {
    double x, y, value;
  };
  int level_;
  const cv::Mat& target_;
  cv::Mat mask_;
  std::vector<Spot> spots_;
};

/// The best shift of a guess, by exhaustive search.
cv::Matx33d best_shift(const Comparison& coarse, const cv::Matx33d& guess) {
  constexpr int kSearchSteps = 5;  // to each side
  constexpr double kStepPx = 4;    // reduced pixels: one pixel of the coarse level
  cv::Matx33d best = guess;
  double min_error = INFINITY;
  for (int y = -kSearchSteps; y <= kSearchSteps; ++y) {
    for (int x = -kSearchSteps; x <= kSearchSteps; ++x) {
      const cv::Matx33d shift(1, 0, kStepPx * x, 0, 1, kStepPx * y, 0, 0, 1);
      const double error = coarse.photometric_error(shift * guess);
      if (error < min_error) min_error = error, best = shift * guess;
    }
  }
  return best;
}

/// Whether two guesses are so close that refining them finds the same place.
bool are_alike(const cv::Matx33d& a, const cv::Matx33d& b, const cv::Size& size) {
  constexpr double kMaxApartPx = 8;
  const cv::Point2d end(size.width, size.height);
  return cv::norm(project(a, end) - project(b, end)) +
             cv::norm(project(a, {0, 0}) - project(b, {0, 0})) <
         kMaxApartPx;
}

/// Whether an alignment fits much better than places beside it.
bool beats_wrong_places(const Comparison& coarse, const cv::Matx33d& m) {
  constexpr double kAsidePx = 12;          // reduced pixels: certainly another place
  constexpr double kMaxErrorRatio = 0.92;  // to the error of a wrong place
  double sum = 0;
  int places = 0;
  for (const auto& [x, y] : {std::pair(1, 0), {-1, 0}, {0, 1}, {0, -1}}) {
    const cv::Matx33d aside(1, 0, x * kAsidePx, 0, 1, y * kAsidePx, 0, 0, 1);
    const double error = coarse.photometric_error(aside * m);
    if (std::isfinite(error)) sum += error, ++places;
  }
  return places > 0 && !(coarse.photometric_error(m) > kMaxErrorRatio * sum / places);
}

}  // namespace

std::optional<MotionFit> select_alignment(const GrayFrame& source, const GrayFrame& target,
                                          const std::vector<MotionFit>& guesses) {
  constexpr double kRestGain = 0.97;
  constexpr double kMinErrorPx = 0.3;  // added to the covariance: moving pixels took part
  constexpr int kRefinedDof = 4;
  const Comparison coarse(source, target, 2), fine(source, target, 1);
  std::optional<MotionFit> best;
  double min_error = INFINITY;
  for (size_t i = 0; i < guesses.size(); ++i) {
    const cv::Matx33d& guess = guesses[i].target_from_source;
    const auto is_repeat = [&](const MotionFit& other) {
      return are_alike(other.target_from_source, guess, target.size);
    };
    if (std::any_of(guesses.begin(), guesses.begin() + std::ptrdiff_t(i), is_repeat)) continue;
    MotionFit refined{.target_from_source = best_shift(coarse, guess)};
    for (const int level : {2, 1})
      refined = refine_alignment(source, target, refined, level, kRefinedDof).value_or(refined);
    const double error = fine.photometric_error(refined.target_from_source);
    if (error < min_error) min_error = error, best = refined;
  }
  if (!best || !beats_wrong_places(coarse, best->target_from_source)) return std::nullopt;
  best = refine_alignment(source, target, *best, 0, kRefinedDof).value_or(*best);
  const double error_px = worst_corner(*best, target.size) == 0 ? kCoarsePx : kMinErrorPx;
  for (const int shift : {2, 5}) best->covariance(shift, shift) += error_px * error_px;
  // A camera at rest is not moved by its noise.
  if (kRestGain * fine.photometric_error(cv::Matx33d::eye()) <= min_error)
    best->target_from_source = cv::Matx33d::eye();
  best->inliers = 0;
  return best;
}

bool looks_alike(const GrayFrame& a, const GrayFrame& b) {
  constexpr double kMinCorrelation = 0.7;
  cv::Mat first, second;
  cv::resize(a.pyramid[2], first, {}, 0.5, 0.5, cv::INTER_AREA);
  cv::resize(b.pyramid[2], second, {}, 0.5, 0.5, cv::INTER_AREA);
  double count = 0, sum_a = 0, sum_b = 0, sum_aa = 0, sum_bb = 0, sum_ab = 0;
  for (int y = 0; y < second.rows; ++y) {
    for (int x = 0; x < second.cols; ++x) {
      const cv::Point2f at(static_cast<float>(8 * x + 4), static_cast<float>(8 * y + 4));
      if (is_moving(a.moving, at) || is_moving(b.moving, at)) continue;
      const double va = first.at<uint8_t>(y, x), vb = second.at<uint8_t>(y, x);
      ++count;
      sum_a += va;
      sum_b += vb;
      sum_aa += va * va;
      sum_bb += vb * vb;
      sum_ab += va * vb;
    }
  }
  if (count < 0.05 * static_cast<double>(second.total())) return true;  // a person fills the view
  const double variances = (sum_aa - sum_a * sum_a / count) * (sum_bb - sum_b * sum_b / count);
  if (variances <= 0) return false;
  return (sum_ab - sum_a * sum_b / count) / std::sqrt(variances) > kMinCorrelation;
}

bool is_moving(const std::vector<Box>& moving, const cv::Point2f& p) {
  return std::ranges::any_of(moving, [&](const Box& box) {
    return p.x >= box.x && p.x < box.right() && p.y >= box.y && p.y < box.bottom();
  });
}

}  // namespace lido::scene
