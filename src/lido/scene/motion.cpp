// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/motion.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>

#include "lido/scene/direct_alignment.h"

namespace lido::scene {
namespace {

constexpr size_t kMostPoints = 240;
constexpr int kLevels = 4;  // of the pyramid, above the picture itself
const cv::Size kPatch(17, 17);
/// Corners more unsure than this are worth the cost of looking at every pixel.
constexpr double kUnsurePx = 0.05;
/// A share of the points, and a number, that settle a mapping; where fewer agree, all pixels are
/// asked.
constexpr double kMostAgree = 0.6;
constexpr double kEnough = 30;

cv::Matx33d matrix(const Homography& h) { return cv::Matx33d(h.m.data()); }

Homography homography(cv::Matx33d m) {
  m = m * (1 / m(2, 2));
  Homography h;
  std::copy_n(m.val, 9, h.m.begin());
  return h;
}

/// Corners spread over the whole picture, so that no busy place outvotes the rest.
std::vector<cv::Point2f> find_points(const GrayFrame& picture) {
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
  std::optional<GrayFrame> reference;
  std::optional<GrayFrame> previous;
  std::vector<cv::Mat> derived;            ///< The reference's pyramid with its derivatives.
  std::vector<cv::Point2f> points;         ///< Of the reference.
  cv::Matx33d guess = cv::Matx33d::eye();  ///< frame from reference, for the picture before.

  void make_reference(GrayFrame picture) {
    points = find_points(picture);
    cv::buildOpticalFlowPyramid(picture.pyramid[0], derived, kPatch, kLevels, true);
    reference = std::move(picture);
    guess = cv::Matx33d::eye();
  }

  std::optional<Fit> follow(const GrayFrame& picture) const;
  std::optional<Fit> match(const GrayFrame& picture) const;
  std::optional<Fit> match_from(const GrayFrame& picture, const cv::Matx33d& start,
                                int levels) const;
};

/// Follows the reference's points into the picture, from where `start` expects them.
std::optional<Fit> MotionEstimator::State::match_from(const GrayFrame& picture,
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
  return select_motion_model(matches, picture.size);
}

std::optional<Fit> MotionEstimator::State::match(const GrayFrame& picture) const {
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
std::optional<Fit> MotionEstimator::State::follow(const GrayFrame& picture) const {
  auto fit = match(picture);
  if (fit && fit->inliers >= std::max(kEnough, kMostAgree * double(points.size()))) return fit;
  std::vector<Fit> guesses = {{.to_from_source = guess}, {}};
  if (fit) guesses.push_back(*fit);
  const auto settled = select_alignment(*reference, picture, guesses);
  return settled ? settled : fit;
}

MotionEstimator::MotionEstimator() : state_(std::make_unique<State>()) { cv::setNumThreads(1); }
MotionEstimator::~MotionEstimator() = default;
MotionEstimator::MotionEstimator(MotionEstimator&&) noexcept = default;
MotionEstimator& MotionEstimator::operator=(MotionEstimator&&) noexcept = default;

media::Geometry MotionEstimator::geometry_for(const media::Frame& frame) {
  return media::shrunk_geometry(frame, kMotionLongSide);
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
  GrayFrame picture{.k = k, .size = {grey.width, grey.height}};
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
  if (fit->inliers > 0 && !(fit->to_from_source == cv::Matx33d::eye()) &&
      worst_corner(*fit, picture.size) > kUnsurePx) {
    if (const auto better = refine_alignment(*state.reference, picture, *fit)) fit = better;
  }
  // Reduced pixels to source pixels; the centre of a pixel lies half a pixel from its edge.
  const double x = geometry.scale_x, y = geometry.scale_y;
  const cv::Matx33d reduce(x, 0, -0.5, 0, y, -0.5, 0, 0, 1);
  const cv::Matx33d frame_from_reference = reduce.inv() * fit->to_from_source * reduce;
  Registration registration{.reference_k = state.reference->k,
                            .reference_from_frame = homography(frame_from_reference.inv()),
                            .inliers = fit->inliers};
  // To first order the corners' uncertainty is the same in both directions.
  const double w = grey.width, h = grey.height;
  const std::array<cv::Point2d, 4> corners = {
      {{-0.5, -0.5}, {w - 0.5, -0.5}, {w - 0.5, h - 0.5}, {-0.5, h - 0.5}}};
  Matrix8 spread;
  for (size_t i = 0; i < 4; ++i) {
    const auto rows = jacobian(fit->to_from_source, corners[i]);
    for (int j = 0; j < 8; ++j) {
      spread(static_cast<int>(2 * i), j) = rows[0][j] / x;
      spread(static_cast<int>(2 * i + 1), j) = rows[1][j] / y;
    }
  }
  const Matrix8 covariance = spread * fit->covariance * spread.t();
  std::copy_n(covariance.val, 64, registration.covariance.begin());
  state.guess = fit->to_from_source;
  const bool little_left = fit->inliers > 0 && fit->inliers < std::ssize(state.points) / 4;
  if (fresh || little_left) {
    state.make_reference(std::move(picture));
    state.previous.reset();
  } else {
    state.previous = std::move(picture);
  }
  return registration;
}

}  // namespace lido::scene
