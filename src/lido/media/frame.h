// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace lido::media {

inline constexpr int64_t kNoPts = INT64_MIN;

/// How luma and chroma become red, green and blue.
enum class ColorMatrix { kBt601, kBt709, kBt2020, kRgb };

/// Quarter turns clockwise that make the picture upright, after an optional left-right mirror.
struct Orientation {
  int quarter_turns = 0;  ///< 0 to 3.
  bool mirrored = false;
  bool operator==(const Orientation&) const = default;
};

/// One decoded picture: planes of 8 or 16 bit samples, as the codec stored it (not yet upright).
/// Cheap to copy; the pixels live as long as `owner`.
struct Frame {
  struct Plane {
    const std::byte* data = nullptr;
    ptrdiff_t stride = 0;  ///< Bytes.
  };
  std::array<Plane, 3> planes;  ///< Y, U, V; or R, G, B for kRgb; U and V empty for grey.
  int width = 0;
  int height = 0;
  int chroma_shift_x = 0;  ///< Chroma width is width >> chroma_shift_x, rounded up.
  int chroma_shift_y = 0;
  int bit_depth = 8;  ///< Above 8, samples are 16 bit, low bits used.
  bool full_range = false;
  bool grey = false;
  bool chroma_left =
      true;  ///< Chroma sits on the left luma column (MPEG-2 and later), not between two.
  ColorMatrix matrix = ColorMatrix::kBt601;
  Orientation orientation;
  double pixel_aspect = 1;  ///< Width over height of one stored pixel.
  int64_t pts = kNoPts;     ///< Ticks of the clip's time base.
  std::shared_ptr<const void> owner;
};

}  // namespace lido::media
