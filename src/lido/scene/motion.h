// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "lido/base/box.h"
#include "lido/media/convert.h"

namespace lido::scene {

/// A plane's projective mapping, row-major 3 x 3, the last element 1: upright source pixels in,
/// upright source pixels out, both from the left edge of the left pixel.
struct Homography {
  std::array<double, 9> m = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  bool operator==(const Homography&) const = default;
};
struct Point {
  double x = 0, y = 0;
};
Point apply(const Homography& h, const Point& point);
/// a after b.
Homography operator*(const Homography& a, const Homography& b);
/// Of an invertible one.
Homography inverse(const Homography& h);
/// The upright box around the mapped box.
Box apply(const Homography& h, const Box& box);

/// Motion is sought in pictures whose long side is at most so many pixels.
inline constexpr int kMotionLongSide = 960;

/// How one picture lies in an earlier one of the same camera.
struct Registration {
  int64_t reference_k = 0;  ///< Sampling time of the earlier picture; its own for a first one.
  Homography reference_from_frame;
  /// Of the mapped corners (left top, right top, right bottom, left bottom; x before y), 8 x 8
  /// row-major, square pixels.
  std::array<double, 64> covariance{};
  int32_t inliers = 0;  ///< Points that moved with the camera; 0 for a first picture.
};

/// Finds how the camera moved, from sampled picture to sampled picture.
///
/// Points of a reference picture are followed (pyramidal Lucas-Kanade) into each picture after it,
/// so that errors do not add up; what moves by itself is left out by consensus and by masks. When
/// too little of the reference is left in view, the picture before takes its place.
///
/// Not thread-safe. Sources: Bouguet, Pyramidal Implementation of the Lucas Kanade Feature Tracker
/// (2000); Hartley and Zisserman, Multiple View Geometry, 2nd ed., sec. 4.5 and 5.2 (covariance).
class MotionEstimator {
 public:
  MotionEstimator();
  ~MotionEstimator();
  MotionEstimator(MotionEstimator&&) noexcept;
  MotionEstimator& operator=(MotionEstimator&&) noexcept;

  /// The geometry in which pictures are wanted: their long side is at most kMotionLongSide.
  static media::Geometry geometry_for(const media::Frame& frame);

  /// The picture's brightness in that geometry.
  static media::GreyImage reduce(const media::Frame& frame, const media::Geometry& geometry,
                                 media::Converter& converter);

  /// Forgets all pictures: the next one is a first one.
  void reset();
  /// Takes the picture at sampling time k.
  /// @param fresh  Makes it the reference of those that follow.
  /// @param moving  Boxes of what may move by itself.
  /// @return Nothing when the picture shows another view, or nothing to hold on to; it is then a
  ///         first one.
  std::optional<Registration> push(int64_t k, bool fresh, const media::GreyImage& grey,
                                   const media::Geometry& geometry, std::span<const Box> moving);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Whether a registration differs from rest by no more than its uncertainty.
bool is_rest(const Registration& registration, int width, int height);

/// How a camera moves at one sampling time.
enum class MotionClass { kStill, kPan, kTilt, kZoom, kShake, kCut, kUnknown };
std::string_view name_of(MotionClass motion);

/// A registration with its place in the chain of all.
struct MotionStep {
  int64_t k = 0;
  std::optional<Registration> registration;  ///< Empty: cut, or nothing to hold on to.
  bool after_cut = false;                    ///< The timestamps or the picture size break off.
  bool featureless = false;                  ///< There is nothing to hold on to.
};

/// What the chain of registrations says of one sampling time.
struct ViewMotion {
  int64_t k = 0;
  int64_t view = 0;            ///< Counts cuts: pictures of one view can be laid over each other.
  Homography view_from_frame;  ///< Into the first picture of the view.
  Homography previous_from_frame;
  MotionClass motion = MotionClass::kStill;
};

/// Joins registrations, in order of time, into views and classes. A registration that does not
/// differ from rest by more than its uncertainty is rest, so that a still camera never drifts.
/// Pure.
/// @param fps  Sampling times a second.
std::vector<ViewMotion> follow_motion(std::span<const MotionStep> steps, double fps, int width,
                                      int height);

}  // namespace lido::scene
