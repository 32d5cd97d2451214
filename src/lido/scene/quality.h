// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "lido/media/convert.h"
#include "lido/media/frame.h"

namespace lido::scene {

/// Measurements of one frame's quality. All but `change` depend on that frame alone.
struct QualityFeatures {
  float mean = 0;       ///< Mean brightness, 0 to 255.
  float dark = 0;       ///< Share of pixels below brightness 16, 0 to 1.
  float bright = 0;     ///< Share of pixels with red, green or blue at its limit, 0 to 1.
  float patch = 0;      ///< Share of the frame in the largest white patch, 0 to 1.
  float structure = 0;  ///< Standard deviation of brightness at 1/16 of the reduced size.
  float detail = 0;     ///< Roughness at half size over that at a quarter; low when out of focus.
  float change = 255;  ///< Largest change of a pixel since the frame before, at 1/4 size, 0 to 255;
                       ///< 255 for a first frame.
};

/// Measures frames one after another. Not thread-safe.
class QualityMeter {
 public:
  /// @param grey   The frame's brightness, reduced by MotionEstimator::reduce().
  /// @param frame  The frame itself, for its colours.
  QualityFeatures measure(const media::GreyImage& grey, const media::Frame& frame);
  /// Forgets the frame before, so that the next one is a first frame.
  void reset() { previous_.clear(); }

 private:
  std::vector<uint8_t> previous_;  ///< The frame before at 1/4 of the reduced size.
  media::Converter converter_;
};

/// Faults of a view.
enum class Fault { kBlack, kFrozen, kCovered, kBlurred, kDark, kBright, kGlare };
inline constexpr int kFaults = 7;
/// The fault's name in tables and reports: "black", "frozen".
std::string_view name_of(Fault fault);

/// A period with one fault: ticks begin <= k < end.
struct FaultSpan {
  Fault fault = Fault::kBlack;
  int64_t begin = 0;
  int64_t end = 0;
};

/// One frame's features at its tick.
struct QualitySample {
  int64_t k = 0;
  bool after_cut = false;  ///< Timestamps or frame size break off before this frame.
  QualityFeatures features;
};

/// Finds the periods with faults, ordered by their beginning. Pure.
/// @param samples  In order of time.
/// @param fps  Ticks a second.
/// @param frozen_s  Seconds without change, encoder noise aside, from which a view is frozen.
std::vector<FaultSpan> find_faults(std::span<const QualitySample> samples, double fps,
                                   double frozen_s = 2);

}  // namespace lido::scene
