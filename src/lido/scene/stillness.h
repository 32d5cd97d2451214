// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "lido/media/convert.h"
#include "lido/scene/background.h"
#include "lido/scene/motion.h"

namespace lido::scene {

/// How the pixels in a box speak for an object that came there.
enum class Evidence {
  kUnknown,     ///< The camera moves, or the clip is too short.
  kMoves,       ///< The pixels move.
  kWater,       ///< The surroundings move: water.
  kStill,       ///< The pixels are still, and not as the background.
  kBackground,  ///< The pixels are still, and the background shows the same at other times.
};

/// A small frame without colour.
struct GreyThumbnail {
  int64_t k = 0;           ///< Tick.
  media::GreyImage image;  ///< Longer side at most 480 pixels.
};

using media::grey_of;

/// Most thumbnails that Stillness needs of a clip, sampled evenly.
inline constexpr size_t kMaxStillThumbnails = 61;

/// Compares boxes of a clip with backgrounds of its views at rest.
///
/// The background of a view is the median of its thumbnails, so that a thing is background when
/// it is there for more than half of the view. Immutable, so safe from any thread.
class Stillness {
 public:
  /// @param thumbnails  Those of the clip, by tick.
  /// @param motions  One for every observation, by tick.
  /// @param fps  Ticks a second.
  /// @param width, height  Upright source pixels.
  Stillness(std::span<const GreyThumbnail> thumbnails, std::span<const ViewMotion> motions,
            double fps, int width, int height);

  /// Judges the pixels in a box.
  /// @param motion  Camera motion at the box's tick.
  /// @param box  Upright source pixels.
  Evidence judge(const ViewMotion& motion, const Box& box, const BoxLook& look) const;

  /// Whether the surroundings of a box move, as water does. False when the camera moves or the
  /// view is too short.
  bool is_water(const ViewMotion& motion, const Box& box) const;

 private:
  struct Background {
    media::GreyImage median;
    media::GreyImage activity;  ///< Median distance from the median.
  };
  /// A box in the pixels of the backgrounds.
  Box reduced(const Background& background, const Box& box) const;
  std::map<int64_t, Background> backgrounds_;  ///< By view.
  int width_, height_;
};

}  // namespace lido::scene
