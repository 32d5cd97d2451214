// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "lido/scene/motion.h"

namespace lido::scene {

std::string_view name_of(MotionClass motion) {
  constexpr std::array<std::string_view, 7> kNames = {"still", "pan", "tilt",   "zoom",
                                                      "shake", "cut", "unknown"};
  return kNames[static_cast<size_t>(motion)];
}

namespace {

std::array<FramePoint, 4> corners_of(int width, int height) {
  const double w = width, h = height;
  return {{{0, 0}, {w, 0}, {w, h}, {0, h}}};
}

/// Largest distance that a corner is moved, pixels.
double max_corner_move(const Homography& h, int width, int height) {
  double max_move = 0;
  for (const FramePoint& corner : corners_of(width, height)) {
    const FramePoint moved = apply(h, corner);
    max_move = std::max(max_move, std::hypot(moved.x - corner.x, moved.y - corner.y));
  }
  return max_move;
}

}  // namespace

bool is_rest(const Registration& registration, int width, int height) {
  double variance = 0;
  for (size_t i = 0; i < 8; ++i) variance = std::max(variance, registration.covariance[i * 9]);
  const double moved = max_corner_move(registration.reference_from_frame, width, height);
  const double noise = 4 * std::sqrt(variance);
  // Points are followed to a few hundredths of a reduced pixel, even where they scatter more.
  const double floor = 0.25 * std::max(1.0, std::max(width, height) / double(kMotionLongSide));
  // Many points are more exact than this about a camera at rest. Without any, only noise counts.
  return moved < std::max(noise, floor) && (registration.inliers == 0 || moved < 4 * floor);
}

namespace {

/// Motion between two frames in the parts that a person would name.
struct Parts {
  double pan = 0, tilt = 0;  ///< Move of the centre, pixels.
  double zoom = 0;           ///< Move of a corner by the change of size alone, pixels.
};

Parts parts_of(const Homography& previous_from_frame, int width, int height) {
  const FramePoint centre{width / 2.0, height / 2.0};
  const FramePoint moved = apply(previous_from_frame, centre);
  double scale = 0;
  for (const FramePoint& corner : corners_of(width, height)) {
    const FramePoint to = apply(previous_from_frame, corner);
    scale += std::hypot(to.x - moved.x, to.y - moved.y) /
             std::hypot(corner.x - centre.x, corner.y - centre.y) / 4;
  }
  return {moved.x - centre.x, moved.y - centre.y, (scale - 1) * std::hypot(centre.x, centre.y)};
}

/// Sums of the motion over a window of one view.
struct WindowMotion {
  Parts place;        ///< Sum of all moves: net displacement.
  Parts path;         ///< Sum of their sizes, of centre (in `pan`) and zoom.
  double extent = 0;  ///< Diagonal of the area that the centre visited, pixels.
};

/// @param radius  Samples to each side of sample i.
WindowMotion motion_around(const std::vector<ViewMotion>& motions, const std::vector<Parts>& parts,
                           size_t i, size_t radius) {
  WindowMotion sum;
  Parts& place = sum.place;
  Parts min, max;
  for (size_t j = i > radius ? i - radius : 0; j < std::min(i + radius + 1, motions.size()); ++j) {
    if (motions[j].view != motions[i].view) continue;
    place.pan += parts[j].pan;
    place.tilt += parts[j].tilt;
    place.zoom += parts[j].zoom;
    sum.path.pan += std::hypot(parts[j].pan, parts[j].tilt);
    sum.path.zoom += std::abs(parts[j].zoom);
    min = {std::min(min.pan, place.pan), std::min(min.tilt, place.tilt)};
    max = {std::max(max.pan, place.pan), std::max(max.tilt, place.tilt)};
  }
  sum.extent = std::hypot(max.pan - min.pan, max.tilt - min.tilt);
  return sum;
}

/// Whether a motion gets nowhere: its path is much longer than its net displacement. Checked over a
/// moment, for a camera that trembles; and over seconds and a small part of the frame, for a camera
/// that sways on a pole or in a hand.
bool is_shake(const std::vector<ViewMotion>& motions, const std::vector<Parts>& parts, size_t i,
              double fps, double long_side) {
  constexpr double kMomentSamples = 3;   // to each side
  constexpr double kSway_s = 4;          // to each side
  constexpr double kMaxSwayShare = 0.1;  // share of the long side
  struct Window {
    double samples, max_extent;
  };
  const bool by_size = std::abs(parts[i].zoom) > std::hypot(parts[i].pan, parts[i].tilt);
  for (const auto& [samples, max_extent] :
       {Window{kMomentSamples, INFINITY}, Window{kSway_s * fps, kMaxSwayShare * long_side}}) {
    const auto radius = static_cast<size_t>(std::max(kMomentSamples, std::round(samples)));
    const auto [place, path, extent] = motion_around(motions, parts, i, radius);
    const double displacement = by_size ? std::abs(place.zoom) : std::hypot(place.pan, place.tilt);
    if (displacement < (by_size ? path.zoom : path.pan) / 2 && extent <= max_extent) return true;
  }
  return false;
}

/// Name of a motion that is no cut.
MotionClass class_of(const std::vector<ViewMotion>& motions, const std::vector<Parts>& parts,
                     size_t i, double fps, int long_side) {
  if (is_shake(motions, parts, i, fps, long_side)) return MotionClass::kShake;
  const Parts& here = parts[i];
  if (std::abs(here.zoom) > std::hypot(here.pan, here.tilt)) return MotionClass::kZoom;
  return std::abs(here.pan) >= std::abs(here.tilt) ? MotionClass::kPan : MotionClass::kTilt;
}

}  // namespace

std::vector<ViewMotion> follow_motion(std::span<const MotionStep> steps, double fps, int width,
                                      int height) {
  std::vector<ViewMotion> motions;
  std::vector<Parts> parts;
  std::map<int64_t, Homography> references;  // view from reference, while still needed
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
  const int long_side = std::max(width, height);
  const double min_move = 0.5 * std::max(1.0, long_side / double(kMotionLongSide));
  for (size_t i = 0; i < motions.size(); ++i) {
    ViewMotion& motion = motions[i];
    if (motion.motion == MotionClass::kStill &&
        max_corner_move(motion.previous_from_frame, width, height) >= min_move)
      motion.motion = class_of(motions, parts, i, fps, long_side);
  }
  return motions;
}

}  // namespace lido::scene
