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
  const double floor = 0.25 * std::max(1.0, std::max(width, height) / double(kMotionLongSide));
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
  const double least = 0.5 * std::max(1.0, std::max(width, height) / double(kMotionLongSide));
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
