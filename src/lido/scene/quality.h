// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "lido/media/convert.h"

namespace lido::scene {

/// What is measured of one picture's quality. All but `change` are its own.
struct QualityFeatures {
  float mean = 0;       ///< Brightness, 0 to 255.
  float dark = 0;       ///< Share of pixels below 16.
  float bright = 0;     ///< Share of the picture in which red, green or blue is at its limit.
  float patch = 0;      ///< Share of the picture in the largest bright patch.
  float structure = 0;  ///< Standard deviation of brightness at a 64th of the width.
  float detail = 0;     ///< Detail at half size against a quarter: falls when out of focus.
  float change = 255;   ///< Most that any small part changed since the picture before.
};

/// Measures pictures. Not thread-safe.
class QualityMeter {
 public:
  /// @param grey  The picture reduced (MotionEstimator::geometry_for).
  QualityFeatures measure(const media::GreyImage& grey, const media::Frame& frame);
  /// Forgets the picture before.
  void reset() { previous_.clear(); }

 private:
  std::vector<uint8_t> previous_;  ///< Reduced again.
  media::Converter glance_;
};

/// What may be wrong with a view.
enum class Fault { kBlack, kFrozen, kCovered, kBlurred, kDark, kBright, kGlare };
inline constexpr int kFaults = 7;
std::string_view name_of(Fault fault);

/// A stretch of time with one fault: begin <= k < end.
struct FaultSpan {
  Fault fault = Fault::kBlack;
  int64_t begin = 0;
  int64_t end = 0;
};

/// One picture's features at its sampling time.
struct QualitySample {
  int64_t k = 0;
  bool after_cut = false;
  QualityFeatures features;
};

/// Finds stretches with faults, in order of time. A picture counts as frozen when nothing changed
/// for `frozen_s`, but for what an encoder polishes. Pure.
std::vector<FaultSpan> find_faults(std::span<const QualitySample> samples, double fps,
                                   double frozen_s = 2);

}  // namespace lido::scene
