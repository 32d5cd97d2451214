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
#include "lido/media/frame.h"

namespace lido::scene {

/// A homography, row-major 3 x 3, the last element 1. Maps upright source pixels to upright source
/// pixels, both measured from the left edge of the left pixel and the top edge of the top pixel.
struct Homography {
  std::array<double, 9> m = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  bool operator==(const Homography&) const = default;
};
/// A place in a frame, upright source pixels.
struct FramePoint {
  double x = 0, y = 0;
};
/// Maps a point. Unbounded near the homography's horizon.
FramePoint apply(const Homography& h, const FramePoint& point);
/// The homography that applies b first, then a.
Homography operator*(const Homography& a, const Homography& b);
/// Inverse of an invertible homography.
Homography inverse(const Homography& h);
/// The upright box around a mapped box.
Box apply(const Homography& h, const Box& box);

/// Longer side, at most, of the reduced frames in which motion is estimated, pixels.
inline constexpr int kMotionLongSide = 960;

/// Camera motion between a frame and an earlier one of the same view.
struct Registration {
  int64_t reference_k = 0;  ///< Tick of the earlier frame.
  Homography reference_from_frame;
  /// Covariance of the mapped corners (left top, right top, right bottom, left bottom; x before y),
  /// 8 x 8 row-major, source pixels squared.
  std::array<double, 64> covariance{};
  int32_t inliers = 0;  ///< Points that moved with the camera; 0 when all pixels decided.
};

/// Estimates camera motion from sampled frame to sampled frame.
///
/// Points of a reference frame are followed (pyramidal Lucas-Kanade) into each later frame, so that
/// errors do not add up. Objects that move by themselves are excluded by consensus and by masks.
/// When too little of the reference is left in view, the frame before replaces it.
///
/// Not thread-safe. Sources: Bouguet, Pyramidal Implementation of the Lucas Kanade Feature Tracker
/// (2000); Hartley and Zisserman, Multiple View Geometry, 2nd ed., sec. 4.5 and 5.2 (covariance).
class MotionEstimator {
 public:
  MotionEstimator();
  ~MotionEstimator();
  MotionEstimator(MotionEstimator&&) noexcept;
  MotionEstimator& operator=(MotionEstimator&&) noexcept;

  /// Geometry of reduced frames: the longer side at most kMotionLongSide. Pure.
  static media::Geometry geometry_for(const media::Frame& frame);

  /// The frame's brightness in that geometry.
  static media::GreyImage reduce(const media::Frame& frame, const media::Geometry& geometry,
                                 media::Converter& converter);

  /// Forgets all frames, so that the next one is a first frame.
  void reset();

  /// Adds the frame at tick k, in order of time.
  /// @param fresh  Whether the frame becomes the reference of later ones.
  /// @param grey  The frame's brightness from reduce(), with its geometry.
  /// @param moving  Boxes of what may move by itself, upright source pixels.
  /// @return Nothing for a first frame, another view, or a frame without structure; the next frame
  ///         is then registered with this one.
  std::optional<Registration> push(int64_t k, bool fresh, const media::GreyImage& grey,
                                   const media::Geometry& geometry, std::span<const Box> moving);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Whether a registration differs from rest by no more than its uncertainty. Pure.
/// @param width, height  Upright source pixels.
bool is_rest(const Registration& registration, int width, int height);

/// Camera motion at one tick, as a person would name it.
enum class MotionClass { kStill, kPan, kTilt, kZoom, kShake, kCut, kUnknown };
/// The class's name in tables and reports: "still", "pan".
std::string_view name_of(MotionClass motion);

/// Input of follow_motion() at one tick.
struct MotionStep {
  int64_t k = 0;
  std::optional<Registration> registration;  ///< Empty for a cut or a frame without structure.
  bool after_cut = false;    ///< Timestamps or frame size break off before this frame.
  bool featureless = false;  ///< Too little structure to register the frame.
};

/// Result of follow_motion() at one tick.
struct ViewMotion {
  int64_t k = 0;
  int64_t view = 0;  ///< Number of cuts so far. Frames of one view can be laid over each other.
  Homography view_from_frame;      ///< To the first frame of the view.
  Homography previous_from_frame;  ///< To the frame before; identity at a cut.
  MotionClass motion = MotionClass::kStill;
};

/// Joins registrations into views and names the motion at each tick. A registration within
/// its uncertainty of rest counts as rest, so that a still camera never drifts. Pure.
/// @param steps  In order of time.
/// @param fps  Ticks a second.
/// @param width, height  Upright source pixels.
std::vector<ViewMotion> follow_motion(std::span<const MotionStep> steps, double fps, int width,
                                      int height);

}  // namespace lido::scene
