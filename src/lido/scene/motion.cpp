// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/motion.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <opencv2/calib3d.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>

namespace lido::scene {
namespace {

constexpr int kLongSide = 960;
constexpr size_t kMostPoints = 240;
constexpr int kLevels = 4;  // of the pyramid, above the picture itself
const cv::Size kPatch(17, 17);
/// Fewer points than this that move together prove nothing.
constexpr int kFewestInliers = 8;
constexpr double kInlierPx = 1.5;  // of the reduced picture
/// Points that moved less may as well have stayed.
constexpr double kRestPx = 0.2;
/// Advantage of rest over a move, in units of its log-likelihood.
constexpr double kRestBonus = 15;
/// Corners more unsure than this are worth the cost of looking at every pixel.
constexpr double kUnsurePx = 0.05;
/// A share of the points, and a number, that settle a mapping; where fewer agree, all pixels are
/// asked.
constexpr double kMostAgree = 0.6;
constexpr double kEnough = 60;
/// What a view that merely looks the same is good for.
constexpr double kCoarsePx = 4;

cv::Matx33d matrix(const Homography& h) { return cv::Matx33d(h.m.data()); }

Homography homography(cv::Matx33d m) {
  m = m * (1 / m(2, 2));
  Homography h;
  std::copy_n(m.val, 9, h.m.begin());
  return h;
}

cv::Point2d project(const cv::Matx33d& m, const cv::Point2d& p) {
  const double w = m(2, 0) * p.x + m(2, 1) * p.y + m(2, 2);
  return {(m(0, 0) * p.x + m(0, 1) * p.y + m(0, 2)) / w,
          (m(1, 0) * p.x + m(1, 1) * p.y + m(1, 2)) / w};
}

using Row8 = cv::Vec<double, 8>;
using Matrix8 = cv::Matx<double, 8, 8>;

/// d(x, y) / d(m0 .. m7) of project(m, p).
std::array<Row8, 2> jacobian(const cv::Matx33d& m, const cv::Point2d& p) {
  const double w = m(2, 0) * p.x + m(2, 1) * p.y + m(2, 2);
  const cv::Point2d q = project(m, p);
  const double x = p.x / w, y = p.y / w, one = 1 / w;
  return {Row8(x, y, one, 0, 0, 0, -q.x * x, -q.x * y),
          Row8(0, 0, 0, x, y, one, -q.y * x, -q.y * y)};
}

struct Match {
  cv::Point2d from, to;
};

/// A mapping that fits the matches, and how sure it is.
struct Fit {
  cv::Matx33d to_from_from = cv::Matx33d::eye();
  Matrix8 covariance = Matrix8::zeros();
  int inliers = 0;
};

/// How many matches a mapping explains, and how well.
struct Agreement {
  int inliers = 0;
  double squares = 0;  ///< Of the residuals, none larger than kInlierPx.
};

Agreement agreement(const std::vector<Match>& matches, const cv::Matx33d& m) {
  Agreement sum;
  for (const Match& match : matches) {
    const cv::Point2d error = project(m, match.from) - match.to;
    const double square = error.dot(error);
    sum.inliers += square < kInlierPx * kInlierPx ? 1 : 0;
    sum.squares += std::min(square, kInlierPx * kInlierPx);
  }
  return sum;
}

/// The ways in which a mapping may change, as columns over m0 .. m7: shifts; also turn and size;
/// any.
cv::Mat basis_of(int freedoms) {
  if (freedoms == 8) return cv::Mat::eye(8, 8, CV_64F);
  cv::Mat basis = cv::Mat::zeros(8, freedoms, CV_64F);
  basis.at<double>(2, 0) = basis.at<double>(5, 1) = 1;
  if (freedoms == 4) {
    basis.at<double>(0, 2) = basis.at<double>(4, 2) = 1;
    basis.at<double>(3, 3) = 1;
    basis.at<double>(1, 3) = -1;
  }
  return basis;
}

/// Least squares over the matches within kInlierPx, weights by Huber; begins at `m`.
std::optional<Fit> refine(const std::vector<Match>& matches, cv::Matx33d m, int freedoms) {
  constexpr int kRounds = 6;
  const cv::Mat basis = basis_of(freedoms);
  Fit fit;
  for (int round = 0; round < kRounds; ++round) {
    // The scale of the noise, robustly.
    std::vector<double> sizes;
    for (const Match& match : matches) {
      const double size = cv::norm(project(m, match.from) - match.to);
      if (size < kInlierPx) sizes.push_back(size);
    }
    fit.inliers = static_cast<int>(sizes.size());
    if (2 * fit.inliers < freedoms + 4) return std::nullopt;
    std::ranges::nth_element(sizes, sizes.begin() + std::ssize(sizes) / 2);
    const double knee = std::max(0.02, 1.5 * sizes[sizes.size() / 2]);
    Matrix8 normal = Matrix8::zeros();
    Row8 gradient = Row8::all(0);
    double squares = 0;
    for (const Match& match : matches) {
      const cv::Point2d error = match.to - project(m, match.from);
      const double size = cv::norm(error);
      if (size >= kInlierPx) continue;
      const double weight = size <= knee ? 1 : knee / size;
      squares += weight * size * size;
      const auto rows = jacobian(m, match.from);
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
    fit.covariance = Matrix8(covariance.ptr<double>()) * (squares / (2.0 * fit.inliers - freedoms));
  }
  fit.to_from_from = m;
  return fit;
}

/// Whether a mapping could be a camera's: no mirror, no fold, no wild change of size.
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

/// The simplest mapping that explains the matches: rest, shift, similarity, homography. A freer one
/// must explain so much more that chance will not do (Bayesian information criterion).
std::optional<Fit> explain(const std::vector<Match>& matches, const cv::Size& size) {
  std::vector<cv::Point2f> from, to;
  std::vector<double> shifts_x, shifts_y;
  for (const Match& match : matches) {
    from.emplace_back(match.from);
    to.emplace_back(match.to);
    shifts_x.push_back(match.to.x - match.from.x);
    shifts_y.push_back(match.to.y - match.from.y);
  }
  const auto median = [](std::vector<double>& values) {
    std::ranges::nth_element(values, values.begin() + std::ssize(values) / 2);
    return values[values.size() / 2];
  };
  std::vector<std::pair<int, Fit>> fits;
  const auto add = [&](int freedoms, const cv::Matx33d& start) {
    if (auto fit = refine(matches, start, freedoms)) fits.emplace_back(freedoms, *fit);
  };
  add(2, {1, 0, median(shifts_x), 0, 1, median(shifts_y), 0, 0, 1});
  // Nearly all points rest: there is nothing more to explain.
  const auto resting = std::ranges::count_if(
      matches, [](const Match& match) { return cv::norm(match.to - match.from) < kRestPx; });
  if (!fits.empty() && double(resting) >= 0.9 * double(matches.size()) &&
      resting >= kFewestInliers) {
    return Fit{.covariance = fits.front().second.covariance, .inliers = static_cast<int>(resting)};
  }
  const cv::Mat similar =
      cv::estimateAffinePartial2D(from, to, cv::noArray(), cv::RANSAC, kInlierPx, 500);
  if (!similar.empty()) {
    const auto at = [&](int row, int column) { return similar.at<double>(row, column); };
    add(4, {at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(1, 2), 0, 0, 1});
  }
  const cv::Mat rough = cv::findHomography(from, to, cv::RANSAC, kInlierPx, {}, 500);
  if (!rough.empty()) add(8, cv::Matx33d(rough.ptr<double>()));
  if (fits.empty()) return std::nullopt;
  // Rest is as sure as the shift that was not needed.
  Fit rest{.covariance = fits.front().second.covariance};
  if (fits.front().first == 2) fits.emplace(fits.begin(), 0, rest);
  std::vector<Agreement> agreements;
  double noise = INFINITY;
  for (auto& [freedoms, fit] : fits) {
    agreements.push_back(agreement(matches, fit.to_from_from));
    fit.inliers = agreements.back().inliers;
    noise = std::min(noise, agreements.back().squares / (2.0 * double(matches.size())));
  }
  noise = std::max(noise, 0.02 * 0.02);
  const double count = 2.0 * static_cast<double>(matches.size());
  std::optional<Fit> best;
  double least = INFINITY;
  for (size_t i = 0; i < fits.size(); ++i) {
    const auto& [freedoms, fit] = fits[i];
    // Cameras at a pool are mounted: rest needs less proof than any move.
    const bool rests = freedoms == 0;
    const double cost =
        agreements[i].squares / noise + (rests ? -kRestBonus : freedoms * std::log(count));
    const bool holds = fit.inliers >= kFewestInliers + 3 * freedoms / 2 &&
                       fit.inliers >= (rests ? 0.25 : 0.4) * double(matches.size()) &&
                       is_plausible(fit.to_from_from, size);
    if (holds && cost < least) least = cost, best = fit;
  }
  return best;
}

/// The largest standard deviation of a mapped corner's place.
double worst_corner(const Fit& fit, const cv::Size& size) {
  const double w = size.width, h = size.height;
  double worst = 0;
  for (const cv::Point2d& corner : {cv::Point2d(0, 0), {w, 0}, {w, h}, {0, h}}) {
    for (const Row8& row : jacobian(fit.to_from_from, corner))
      worst = std::max(worst, row.dot(fit.covariance * row));
  }
  return std::sqrt(worst);
}

struct Picture {
  int64_t k = 0;
  cv::Size size;
  std::vector<cv::Mat> pyramid;  ///< Each level half the one before.
  std::vector<Box> moving;       ///< In reduced pixels.
};

bool is_moving(const std::vector<Box>& moving, const cv::Point2f& p) {
  return std::ranges::any_of(moving, [&](const Box& box) {
    return p.x >= box.x && p.x < box.right() && p.y >= box.y && p.y < box.bottom();
  });
}

/// Corners spread over the whole picture, so that no busy place outvotes the rest.
std::vector<cv::Point2f> find_points(const Picture& picture) {
  constexpr int kColumns = 8, kRows = 6;
  constexpr int kInCell = 16;
  // Corners are sought in the halved picture: a quarter of the cost, and what is left is coarse
  // enough to be followed.
  const cv::Mat& half = picture.pyramid[1];
  cv::Mat strength;
  cv::cornerMinEigenVal(half, strength, 5);
  double strongest = 0;
  cv::minMaxLoc(strength, nullptr, &strongest);
  struct Candidate {
    int rank;  // in its cell
    cv::Point2f at;
  };
  std::vector<Candidate> candidates;
  const double least = std::max(strongest * 0.001, 1e-5);
  constexpr int kApart = 8;
  for (int row = 0; row < kRows; ++row) {
    for (int column = 0; column < kColumns; ++column) {
      const cv::Rect cell(
          cv::Point(half.cols * column / kColumns, half.rows * row / kRows),
          cv::Point(half.cols * (column + 1) / kColumns, half.rows * (row + 1) / kRows));
      cv::Mat view = strength(cell);
      for (int found = 0; found < kInCell; ++found) {
        double value = 0;
        cv::Point at;
        cv::minMaxLoc(view, nullptr, &value, nullptr, &at);
        if (value < least) break;
        const cv::Point2f p(static_cast<float>(2 * (cell.x + at.x)),
                            static_cast<float>(2 * (cell.y + at.y)));
        if (!is_moving(picture.moving, p)) candidates.push_back({found, p});
        const cv::Rect around(at.x - kApart, at.y - kApart, 2 * kApart + 1, 2 * kApart + 1);
        view(around & cv::Rect({0, 0}, view.size())).setTo(0);
      }
    }
  }
  // The best of every cell first: those with little to offer leave room to the others.
  std::ranges::stable_sort(candidates, {}, &Candidate::rank);
  if (candidates.size() > kMostPoints) candidates.resize(kMostPoints);
  std::vector<cv::Point2f> points;
  for (const Candidate& one : candidates) points.push_back(one.at);
  return points;
}

}  // namespace

Point apply(const Homography& h, const Point& point) {
  const auto p = project(matrix(h), {point.x, point.y});
  return {p.x, p.y};
}

Homography operator*(const Homography& a, const Homography& b) {
  return homography(matrix(a) * matrix(b));
}

Homography inverse(const Homography& h) { return homography(matrix(h).inv()); }

Box apply(const Homography& h, const Box& box) {
  const std::array corners = {apply(h, Point{box.x, box.y}), apply(h, Point{box.right(), box.y}),
                              apply(h, Point{box.x, box.bottom()}),
                              apply(h, Point{box.right(), box.bottom()})};
  const auto [left, right] = std::ranges::minmax(corners, {}, &Point::x);
  const auto [top, bottom] = std::ranges::minmax(corners, {}, &Point::y);
  return {left.x, top.y, right.x - left.x, bottom.y - top.y};
}

struct MotionEstimator::State {
  std::optional<Picture> reference;
  std::optional<Picture> previous;
  std::vector<cv::Mat> derived;            ///< The reference's pyramid with its derivatives.
  std::vector<cv::Point2f> points;         ///< Of the reference.
  cv::Matx33d guess = cv::Matx33d::eye();  ///< frame from reference, for the picture before.

  void make_reference(Picture picture) {
    points = find_points(picture);
    cv::buildOpticalFlowPyramid(picture.pyramid[0], derived, kPatch, kLevels, true);
    reference = std::move(picture);
    guess = cv::Matx33d::eye();
  }

  std::optional<Fit> follow(const Picture& picture) const;
  std::optional<Fit> match(const Picture& picture) const;
  std::optional<Fit> match_from(const Picture& picture, const cv::Matx33d& start, int levels) const;
};

/// Follows the reference's points into the picture, from where `start` expects them.
std::optional<Fit> MotionEstimator::State::match_from(const Picture& picture,
                                                      const cv::Matx33d& start, int levels) const {
  if (std::ssize(points) < kFewestInliers) return std::nullopt;
  std::vector<cv::Point2f> to;
  for (const cv::Point2f& point : points) to.emplace_back(project(start, point));
  std::vector<uint8_t> found;
  std::vector<float> errors;
  const cv::TermCriteria criteria(cv::TermCriteria::COUNT | cv::TermCriteria::EPS, 20, 0.01);
  cv::calcOpticalFlowPyrLK(derived, picture.pyramid, points, to, found, errors, kPatch, levels,
                           criteria, cv::OPTFLOW_USE_INITIAL_FLOW, 1e-4);
  std::vector<Match> matches;
  const cv::Rect2f inside(1, 1, static_cast<float>(picture.size.width - 2),
                          static_cast<float>(picture.size.height - 2));
  for (size_t i = 0; i < points.size(); ++i) {
    if (found[i] != 0 && inside.contains(to[i]) && !is_moving(picture.moving, to[i]))
      matches.push_back({points[i], to[i]});
  }
  if (std::ssize(matches) < kFewestInliers) return std::nullopt;
  return explain(matches, picture.size);
}

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

/// Takes every pixel with a gradient into account, where points alone leave a mapping unsure.
/// Begins at one that is right to a pixel or two of the level.
///
/// Source: Baker and Matthews, Lucas-Kanade 20 Years On (2004): inverse compositional, with weights
/// by Huber.
std::optional<Fit> sharpen(const Picture& from, const Picture& to, const Fit& start, int level = 0,
                           int freedoms = 8) {
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

/// Settles, by all pixels, on one of some mappings that are only guesses: the one that, sharpened
/// from coarse to fine, makes one picture out of the two.
/// @return Nothing when none of them is much better than any other place.
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

/// Whether two pictures look the same all over, where nothing may move by itself: a coarse stay for
/// views with too few points to follow.
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

std::optional<Fit> MotionEstimator::State::match(const Picture& picture) const {
  // Most cameras move little: near where they were before, one level will do.
  constexpr int kNear = 0;
  auto near = match_from(picture, guess, kNear);
  if (near && near->inliers >= kMostAgree * double(points.size())) return near;
  auto fit = match_from(picture, guess, kLevels);
  if (near && fit && near->inliers > fit->inliers) fit = near;
  const auto enough = std::max<ptrdiff_t>(2 * kFewestInliers, std::ssize(points) / 4);
  if (fit && fit->inliers >= enough) return fit;
  // A fast move: the shift between the whole pictures, reduced, says where to look.
  const cv::Mat& before = reference->pyramid[2];
  const cv::Mat& now = picture.pyramid[2];
  cv::Mat before_float, now_float, window;
  before.convertTo(before_float, CV_32F);
  now.convertTo(now_float, CV_32F);
  cv::createHanningWindow(window, before.size(), CV_32F);
  const cv::Point2d shift = cv::phaseCorrelate(before_float, now_float, window) * 4;
  const auto other = match_from(picture, {1, 0, shift.x, 0, 1, shift.y, 0, 0, 1}, kLevels);
  return other && (!fit || other->inliers > fit->inliers) ? other : fit;
}

/// Lays the reference over the picture: by points where most of them agree, else by all pixels.
std::optional<Fit> MotionEstimator::State::follow(const Picture& picture) const {
  auto fit = match(picture);
  if (fit && fit->inliers >= std::max(kEnough, kMostAgree * double(points.size()))) return fit;
  std::vector<Fit> guesses = {{.to_from_from = guess}, {}};
  if (fit) guesses.push_back(*fit);
  const auto settled = settle(*reference, picture, std::move(guesses));
  return settled ? settled : fit;
}

MotionEstimator::MotionEstimator() : state_(std::make_unique<State>()) { cv::setNumThreads(1); }
MotionEstimator::~MotionEstimator() = default;
MotionEstimator::MotionEstimator(MotionEstimator&&) noexcept = default;
MotionEstimator& MotionEstimator::operator=(MotionEstimator&&) noexcept = default;

media::Geometry MotionEstimator::geometry_for(const media::Frame& frame) {
  return media::shrunk_geometry(frame, kLongSide);
}

media::GreyImage MotionEstimator::reduce(const media::Frame& frame, const media::Geometry& geometry,
                                         media::Converter& converter) {
  const bool plain = frame.bit_depth == 8 && frame.matrix != media::ColorMatrix::kRgb;
  if (!plain) return converter.convert_grey(frame, geometry);
  // Much faster than the converter, and as good as needed: nothing is trained on these pixels.
  const cv::Mat luma(frame.height, frame.width, CV_8U, const_cast<std::byte*>(frame.planes[0].data),
                     static_cast<size_t>(frame.planes[0].stride));
  const int turns = frame.orientation.quarter_turns;
  cv::Size size(geometry.width, geometry.height);
  if (turns % 2 == 1) std::swap(size.width, size.height);
  cv::Mat small;
  cv::resize(luma, small, size, 0, 0, cv::INTER_AREA);
  if (!frame.full_range) small.convertTo(small, CV_8U, 255.0 / 219, -16 * 255.0 / 219);
  if (frame.orientation.mirrored) cv::flip(small, small, 1);
  constexpr std::array kTurns = {cv::ROTATE_90_CLOCKWISE, cv::ROTATE_180,
                                 cv::ROTATE_90_COUNTERCLOCKWISE};
  if (turns > 0) cv::rotate(small, small, kTurns[static_cast<size_t>(turns - 1)]);
  return {geometry.width, geometry.height, {small.datastart, small.dataend}};
}

void MotionEstimator::reset() {
  state_->reference.reset();
  state_->previous.reset();
}

std::optional<Registration> MotionEstimator::push(int64_t k, bool fresh,
                                                  const media::GreyImage& grey,
                                                  const media::Geometry& geometry,
                                                  std::span<const Box> moving) {
  State& state = *state_;
  Picture picture{.k = k, .size = {grey.width, grey.height}};
  for (const Box& box : moving) {
    // With some room: shadows, splashes and the time between two pictures.
    const double x = geometry.scale_x, y = geometry.scale_y;
    picture.moving.push_back({(box.x - 0.1 * box.width) * x, (box.y - 0.1 * box.height) * y,
                              1.2 * box.width * x, 1.2 * box.height * y});
  }
  const cv::Mat view(grey.height, grey.width, CV_8U, const_cast<uint8_t*>(grey.grey.data()));
  cv::buildOpticalFlowPyramid(view, picture.pyramid, kPatch, kLevels, false, cv::BORDER_REFLECT_101,
                              cv::BORDER_CONSTANT, false);
  if (picture.pyramid.size() < 3) {  // smaller than two patches: there is nothing to follow
    reset();
    return std::nullopt;
  }
  const bool first = !state.reference || state.reference->size != picture.size;
  std::optional<Fit> fit;
  if (!first) fit = state.follow(picture);
  if (!first && !fit && state.previous) {
    state.make_reference(std::move(*state.previous));
    state.previous.reset();
    fit = state.follow(picture);
  }
  if (!fit && !first && looks_alike(*state.reference, picture)) {
    fit = Fit{};
    fit->covariance(2, 2) = fit->covariance(5, 5) = kCoarsePx * kCoarsePx;
  }
  if (!fit) {
    state.make_reference(std::move(picture));
    state.previous.reset();
    return std::nullopt;
  }
  if (fit->inliers > 0 && !(fit->to_from_from == cv::Matx33d::eye()) &&
      worst_corner(*fit, picture.size) > kUnsurePx) {
    if (const auto better = sharpen(*state.reference, picture, *fit)) fit = better;
  }
  // Reduced pixels to source pixels; the centre of a pixel lies half a pixel from its edge.
  const double x = geometry.scale_x, y = geometry.scale_y;
  const cv::Matx33d reduce(x, 0, -0.5, 0, y, -0.5, 0, 0, 1);
  const cv::Matx33d frame_from_reference = reduce.inv() * fit->to_from_from * reduce;
  Registration registration{.reference_k = state.reference->k,
                            .reference_from_frame = homography(frame_from_reference.inv()),
                            .inliers = fit->inliers};
  // To first order the corners' uncertainty is the same in both directions.
  const double w = grey.width, h = grey.height;
  const std::array<cv::Point2d, 4> corners = {
      {{-0.5, -0.5}, {w - 0.5, -0.5}, {w - 0.5, h - 0.5}, {-0.5, h - 0.5}}};
  Matrix8 spread;
  for (size_t i = 0; i < 4; ++i) {
    const auto rows = jacobian(fit->to_from_from, corners[i]);
    for (int j = 0; j < 8; ++j) {
      spread(static_cast<int>(2 * i), j) = rows[0][j] / x;
      spread(static_cast<int>(2 * i + 1), j) = rows[1][j] / y;
    }
  }
  const Matrix8 covariance = spread * fit->covariance * spread.t();
  std::copy_n(covariance.val, 64, registration.covariance.begin());
  state.guess = fit->to_from_from;
  const bool little_left = fit->inliers > 0 && fit->inliers < std::ssize(state.points) / 4;
  if (fresh || little_left) {
    state.make_reference(std::move(picture));
    state.previous.reset();
  } else {
    state.previous = std::move(picture);
  }
  return registration;
}

std::string_view name_of(MotionClass motion) {
  constexpr std::array<std::string_view, 7> kNames = {"still", "pan", "tilt",   "zoom",
                                                      "shake", "cut", "unknown"};
  return kNames[static_cast<size_t>(motion)];
}

namespace {

std::array<Point, 4> corners_of(int width, int height) {
  const double w = width, h = height;
  return {{{0, 0}, {w, 0}, {w, h}, {0, h}}};
}

/// The farthest that a corner is moved, pixels.
double farthest(const Homography& h, int width, int height) {
  double most = 0;
  for (const Point& corner : corners_of(width, height)) {
    const Point moved = apply(h, corner);
    most = std::max(most, std::hypot(moved.x - corner.x, moved.y - corner.y));
  }
  return most;
}

}  // namespace

bool is_rest(const Registration& registration, int width, int height) {
  double variance = 0;
  for (size_t i = 0; i < 8; ++i) variance = std::max(variance, registration.covariance[i * 9]);
  const double moved = farthest(registration.reference_from_frame, width, height);
  const double noise = 4 * std::sqrt(variance);
  // Points are followed to a few hundredths of a reduced pixel whatever their spread says.
  const double floor = 0.25 * std::max(1.0, std::max(width, height) / double(kLongSide));
  // Many points cannot be that unsure of a camera that rests; without any, only their spread tells.
  return moved < std::max(noise, floor) && (registration.inliers == 0 || moved < 4 * floor);
}

namespace {

/// One step between pictures, in parts a person would name.
struct Parts {
  double pan = 0, tilt = 0, zoom = 0;  ///< Pixels at the centre; and at the corners, by size alone.
};

Parts parts_of(const Homography& previous_from_frame, int width, int height) {
  const Point centre{width / 2.0, height / 2.0};
  const Point moved = apply(previous_from_frame, centre);
  double scale = 0;
  for (const Point& corner : corners_of(width, height)) {
    const Point to = apply(previous_from_frame, corner);
    scale += std::hypot(to.x - moved.x, to.y - moved.y) /
             std::hypot(corner.x - centre.x, corner.y - centre.y) / 4;
  }
  return {moved.x - centre.x, moved.y - centre.y, (scale - 1) * std::hypot(centre.x, centre.y)};
}

/// Whether a move gets nowhere: its path is much longer than its way. Over a moment, for a camera
/// that trembles; over some seconds and a small part of the picture, for one that sways on a pole
/// or in a hand.
bool is_shake(const std::vector<ViewMotion>& motions, const std::vector<Parts>& parts, size_t i,
              double fps, double long_side) {
  constexpr double kMoment = 3;       // samples to each side
  constexpr double kSway_s = 4;       // to each side
  constexpr double kSwayShare = 0.1;  // of the long side
  struct Window {
    double samples, most_extent;
  };
  for (const auto& [samples, most_extent] :
       {Window{kMoment, INFINITY}, Window{kSway_s * fps, kSwayShare * long_side}}) {
    Parts place, least, most, path;
    const auto around = static_cast<size_t>(std::max(kMoment, std::round(samples)));
    for (size_t j = i > around ? i - around : 0; j < std::min(i + around + 1, motions.size());
         ++j) {
      if (motions[j].view != motions[i].view) continue;
      place.pan += parts[j].pan;
      place.tilt += parts[j].tilt;
      place.zoom += parts[j].zoom;
      path.pan += std::hypot(parts[j].pan, parts[j].tilt);
      path.zoom += std::abs(parts[j].zoom);
      least = {std::min(least.pan, place.pan), std::min(least.tilt, place.tilt)};
      most = {std::max(most.pan, place.pan), std::max(most.tilt, place.tilt)};
    }
    const bool by_size = std::abs(parts[i].zoom) > std::hypot(parts[i].pan, parts[i].tilt);
    const double way = by_size ? std::abs(place.zoom) : std::hypot(place.pan, place.tilt);
    const double extent = std::hypot(most.pan - least.pan, most.tilt - least.tilt);
    if (way < (by_size ? path.zoom : path.pan) / 2 && extent <= most_extent) return true;
  }
  return false;
}

}  // namespace

std::vector<ViewMotion> follow_motion(std::span<const MotionStep> steps, double fps, int width,
                                      int height) {
  std::vector<ViewMotion> motions;
  std::vector<Parts> parts;
  std::map<int64_t, Homography> references;  // view from reference, of those still needed
  int64_t view = -1;
  for (const MotionStep& step : steps) {
    ViewMotion motion{.k = step.k};
    const auto reference =
        step.registration ? references.find(step.registration->reference_k) : references.end();
    const bool first = step.after_cut || reference == references.end();
    if (first) {
      references.clear();
      ++view;
      const bool begins = motions.empty();
      motion.motion = step.featureless ? MotionClass::kUnknown
                      : begins         ? MotionClass::kStill
                                       : MotionClass::kCut;
    } else {
      const Homography seen = is_rest(*step.registration, width, height)
                                  ? Homography{}
                                  : step.registration->reference_from_frame;
      motion.view_from_frame = reference->second * seen;
      motion.previous_from_frame = inverse(motions.back().view_from_frame) * motion.view_from_frame;
      references.erase(references.begin(), reference);
    }
    motion.view = view;
    references[step.k] = motion.view_from_frame;
    parts.push_back(parts_of(motion.previous_from_frame, width, height));
    motions.push_back(motion);
  }
  const double least = 0.5 * std::max(1.0, std::max(width, height) / double(kLongSide));
  for (size_t i = 0; i < motions.size(); ++i) {
    ViewMotion& motion = motions[i];
    if (motion.motion != MotionClass::kStill) continue;
    if (farthest(motion.previous_from_frame, width, height) < least) continue;
    const Parts& here = parts[i];
    if (is_shake(motions, parts, i, fps, std::max(width, height)))
      motion.motion = MotionClass::kShake;
    else if (std::abs(here.zoom) > std::hypot(here.pan, here.tilt))
      motion.motion = MotionClass::kZoom;
    else
      motion.motion =
          std::abs(here.pan) >= std::abs(here.tilt) ? MotionClass::kPan : MotionClass::kTilt;
  }
  return motions;
}

}  // namespace lido::scene
