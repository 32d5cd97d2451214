// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/motion.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>

#include "lido/scene/direct_alignment.h"

namespace lido::scene {
namespace {

constexpr size_t kMaxPoints = 240;
constexpr int kLevels = 4;  // levels of the pyramid above full size
const cv::Size kPatch(17, 17);
/// Corners more uncertain than this, reduced pixels, are worth the cost of direct alignment.
constexpr double kMaxCornerErrorPx = 0.05;
/// Share of the points, and their number, that must agree on a motion. With fewer, direct
/// alignment decides.
constexpr double kMinInlierShare = 0.6;
constexpr double kMinTrustedInliers = 30;

cv::Matx33d matrix(const Homography& h) { return cv::Matx33d(h.m.data()); }

Homography homography(cv::Matx33d m) {
  m = m * (1 / m(2, 2));
  Homography h;
  std::copy_n(m.val, 9, h.m.begin());
  return h;
}

/// Finds corners, spread over the whole frame so that no busy place outvotes the rest.
std::vector<cv::Point2f> find_points(const GrayFrame& frame) {
  constexpr int kColumns = 8, kRows = 6;
  constexpr int kMaxInCell = 16;
  constexpr int kMinDistance = 8;  // pixels of the halved image
  // Corners of the halved image cost a quarter, and are coarse enough to be followed.
  const cv::Mat& half = frame.pyramid[1];
  cv::Mat strength;
  cv::cornerMinEigenVal(half, strength, 5);
  double strongest = 0;
  cv::minMaxLoc(strength, nullptr, &strongest);
  struct Candidate {
    int rank;  // in its cell
    cv::Point2f at;
  };
  std::vector<Candidate> candidates;
  const double min_strength = std::max(strongest * 0.001, 1e-5);
  for (int row = 0; row < kRows; ++row) {
    for (int column = 0; column < kColumns; ++column) {
      const cv::Rect cell(
          cv::Point(half.cols * column / kColumns, half.rows * row / kRows),
          cv::Point(half.cols * (column + 1) / kColumns, half.rows * (row + 1) / kRows));
      cv::Mat view = strength(cell);
      for (int found = 0; found < kMaxInCell; ++found) {
        double value = 0;
        cv::Point at;
        cv::minMaxLoc(view, nullptr, &value, nullptr, &at);
        if (value < min_strength) break;
        const cv::Point2f p(static_cast<float>(2 * (cell.x + at.x)),
                            static_cast<float>(2 * (cell.y + at.y)));
        if (!is_moving(frame.moving, p)) candidates.push_back({found, p});
        const cv::Rect around(at.x - kMinDistance, at.y - kMinDistance, 2 * kMinDistance + 1,
                              2 * kMinDistance + 1);
        view(around & cv::Rect({0, 0}, view.size())).setTo(0);
      }
    }
  }
  // The best of every cell first: weak cells leave room to the others.
  std::ranges::stable_sort(candidates, {}, &Candidate::rank);
  if (candidates.size() > kMaxPoints) candidates.resize(kMaxPoints);
  std::vector<cv::Point2f> points;
  for (const Candidate& one : candidates) points.push_back(one.at);
  return points;
}

/// Boxes of what may move, in reduced pixels, enlarged for shadows, splashes and the time between
/// two frames.
std::vector<Box> enlarged(std::span<const Box> moving, const media::Geometry& geometry) {
  const double x = geometry.scale_x, y = geometry.scale_y;
  std::vector<Box> boxes;
  for (const Box& box : moving) {
    boxes.push_back({(box.x - 0.1 * box.width) * x, (box.y - 0.1 * box.height) * y,
                     1.2 * box.width * x, 1.2 * box.height * y});
  }
  return boxes;
}

/// Converts a fit between reduced images to a registration between upright source frames.
Registration make_registration(const MotionFit& fit, int64_t reference_k, const cv::Size& size,
                               const media::Geometry& geometry) {
  // The centre of a pixel is half a pixel from its edge.
  const double x = geometry.scale_x, y = geometry.scale_y;
  const cv::Matx33d reduce(x, 0, -0.5, 0, y, -0.5, 0, 0, 1);
  const cv::Matx33d frame_from_reference = reduce.inv() * fit.target_from_source * reduce;
  Registration registration{.reference_k = reference_k,
                            .reference_from_frame = homography(frame_from_reference.inv()),
                            .inliers = fit.inliers};
  // To first order the corners are equally uncertain in both directions.
  const double w = size.width, h = size.height;
  const std::array<cv::Point2d, 4> corners = {
      {{-0.5, -0.5}, {w - 0.5, -0.5}, {w - 0.5, h - 0.5}, {-0.5, h - 0.5}}};
  Matrix8 spread;
  for (size_t i = 0; i < 4; ++i) {
    const auto rows = jacobian(fit.target_from_source, corners[i]);
    for (int j = 0; j < 8; ++j) {
      spread(static_cast<int>(2 * i), j) = rows[0][j] / x;
      spread(static_cast<int>(2 * i + 1), j) = rows[1][j] / y;
    }
  }
  const Matrix8 covariance = spread * fit.covariance * spread.t();
  std::copy_n(covariance.val, 64, registration.covariance.begin());
  return registration;
}

}  // namespace

FramePoint apply(const Homography& h, const FramePoint& point) {
  const auto p = project(matrix(h), {point.x, point.y});
  return {p.x, p.y};
}

Homography operator*(const Homography& a, const Homography& b) {
  return homography(matrix(a) * matrix(b));
}

Homography inverse(const Homography& h) { return homography(matrix(h).inv()); }

Box apply(const Homography& h, const Box& box) {
  const std::array corners = {
      apply(h, FramePoint{box.x, box.y}), apply(h, FramePoint{box.right(), box.y}),
      apply(h, FramePoint{box.x, box.bottom()}), apply(h, FramePoint{box.right(), box.bottom()})};
  const auto [left, right] = std::ranges::minmax(corners, {}, &FramePoint::x);
  const auto [top, bottom] = std::ranges::minmax(corners, {}, &FramePoint::y);
  return {left.x, top.y, right.x - left.x, bottom.y - top.y};
}

struct MotionEstimator::State {
  std::optional<GrayFrame> reference;
  std::optional<GrayFrame> previous;
  std::vector<cv::Mat> derived;            ///< The reference's pyramid with its derivatives.
  std::vector<cv::Point2f> points;         ///< Corners of the reference, reduced pixels.
  cv::Matx33d guess = cv::Matx33d::eye();  ///< Frame from reference, of the frame before.

  void make_reference(GrayFrame frame) {
    points = find_points(frame);
    cv::buildOpticalFlowPyramid(frame.pyramid[0], derived, kPatch, kLevels, true);
    reference = std::move(frame);
    guess = cv::Matx33d::eye();
  }

  std::optional<MotionFit> follow(const GrayFrame& frame) const;
  std::optional<MotionFit> match(const GrayFrame& frame) const;
  std::optional<MotionFit> match_from(const GrayFrame& frame, const cv::Matx33d& start,
                                      int levels) const;
  std::optional<MotionFit> fit_to_reference(const GrayFrame& frame);
};

/// Follows the reference's points into the frame, from where `start` expects them.
std::optional<MotionFit> MotionEstimator::State::match_from(const GrayFrame& frame,
                                                            const cv::Matx33d& start,
                                                            int levels) const {
  if (std::ssize(points) < kMinInliers) return std::nullopt;
  std::vector<cv::Point2f> targets;
  for (const cv::Point2f& point : points) targets.emplace_back(project(start, point));
  std::vector<uint8_t> found;
  std::vector<float> errors;
  const cv::TermCriteria criteria(cv::TermCriteria::COUNT | cv::TermCriteria::EPS, 20, 0.01);
  cv::calcOpticalFlowPyrLK(derived, frame.pyramid, points, targets, found, errors, kPatch, levels,
                           criteria, cv::OPTFLOW_USE_INITIAL_FLOW, 1e-4);
  std::vector<Match> matches;
  const cv::Rect2f inside(1, 1, static_cast<float>(frame.size.width - 2),
                          static_cast<float>(frame.size.height - 2));
  for (size_t i = 0; i < points.size(); ++i) {
    if (found[i] != 0 && inside.contains(targets[i]) && !is_moving(frame.moving, targets[i]))
      matches.push_back({points[i], targets[i]});
  }
  if (std::ssize(matches) < kMinInliers) return std::nullopt;
  return select_motion_model(matches, frame.size);
}

/// Matches by points: near the last motion first, then with the whole pyramid, then from the shift
/// between the whole frames.
std::optional<MotionFit> MotionEstimator::State::match(const GrayFrame& frame) const {
  // Most cameras move little: near the last motion, one level is enough.
  constexpr int kNearLevels = 0;
  auto near = match_from(frame, guess, kNearLevels);
  if (near && near->inliers >= kMinInlierShare * double(points.size())) return near;
  auto fit = match_from(frame, guess, kLevels);
  if (near && fit && near->inliers > fit->inliers) fit = near;
  const auto min_inliers = std::max<ptrdiff_t>(2 * kMinInliers, std::ssize(points) / 4);
  if (fit && fit->inliers >= min_inliers) return fit;
  // A fast move: phase correlation of the reduced frames gives a start.
  const cv::Mat& before = reference->pyramid[2];
  const cv::Mat& now = frame.pyramid[2];
  cv::Mat before_float, now_float, window;
  before.convertTo(before_float, CV_32F);
  now.convertTo(now_float, CV_32F);
  cv::createHanningWindow(window, before.size(), CV_32F);
  const cv::Point2d shift = cv::phaseCorrelate(before_float, now_float, window) * 4;
  const auto other = match_from(frame, {1, 0, shift.x, 0, 1, shift.y, 0, 0, 1}, kLevels);
  return other && (!fit || other->inliers > fit->inliers) ? other : fit;
}

/// Registers the frame with the reference: by points where most of them agree, else by all pixels.
std::optional<MotionFit> MotionEstimator::State::follow(const GrayFrame& frame) const {
  auto fit = match(frame);
  if (fit && fit->inliers >= std::max(kMinTrustedInliers, kMinInlierShare * double(points.size())))
    return fit;
  std::vector<MotionFit> guesses = {{.target_from_source = guess}, {}};
  if (fit) guesses.push_back(*fit);
  const auto selected = select_alignment(*reference, frame, guesses);
  return selected ? selected : fit;
}

/// Registers the frame with the reference; failing that, with the previous frame, which then
/// becomes the reference; failing that, by appearance.
std::optional<MotionFit> MotionEstimator::State::fit_to_reference(const GrayFrame& frame) {
  if (!reference || reference->size != frame.size) return std::nullopt;
  auto fit = follow(frame);
  if (!fit && previous) {
    make_reference(std::move(*previous));
    previous.reset();
    fit = follow(frame);
  }
  if (!fit && looks_alike(*reference, frame)) {
    fit = MotionFit{};
    fit->covariance(2, 2) = fit->covariance(5, 5) = kCoarsePx * kCoarsePx;
  }
  if (fit && fit->inliers > 0 && !(fit->target_from_source == cv::Matx33d::eye()) &&
      worst_corner(*fit, frame.size) > kMaxCornerErrorPx) {
    if (const auto refined = refine_alignment(*reference, frame, *fit)) fit = refined;
  }
  return fit;
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
  // Much faster than the converter, and exact enough: no network is trained on these pixels.
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
  GrayFrame frame{.k = k, .size = {grey.width, grey.height}, .moving = enlarged(moving, geometry)};
  const cv::Mat view(grey.height, grey.width, CV_8U, const_cast<uint8_t*>(grey.grey.data()));
  cv::buildOpticalFlowPyramid(view, frame.pyramid, kPatch, kLevels, false, cv::BORDER_REFLECT_101,
                              cv::BORDER_CONSTANT, false);
  if (frame.pyramid.size() < 3) {  // smaller than two patches: there is nothing to follow
    reset();
    return std::nullopt;
  }
  const auto fit = state.fit_to_reference(frame);
  if (!fit) {
    state.make_reference(std::move(frame));
    state.previous.reset();
    return std::nullopt;
  }
  const Registration registration =
      make_registration(*fit, state.reference->k, frame.size, geometry);
  state.guess = fit->target_from_source;
  const bool little_left = fit->inliers > 0 && fit->inliers < std::ssize(state.points) / 4;
  if (fresh || little_left) {
    state.make_reference(std::move(frame));
    state.previous.reset();
  } else {
    state.previous = std::move(frame);
  }
  return registration;
}

}  // namespace lido::scene
