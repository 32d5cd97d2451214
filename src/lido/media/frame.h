// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace lido::media {

/// A timestamp that is absent.
inline constexpr int64_t kNoPts = INT64_MIN;

/// The matrix that turns luma and chroma into red, green and blue; kRgb: the planes are RGB
/// already.
enum class ColorMatrix { kBt601, kBt709, kBt2020, kRgb };

/// How a stored frame is turned upright: first the mirror, then the turns.
struct Orientation {
  int quarter_turns = 0;  ///< Clockwise, 0 to 3.
  bool mirrored = false;  ///< Left and right are swapped.
  bool operator==(const Orientation&) const = default;
};

/// One decoded video frame: planes of 8 or 16 bit samples, as the codec stored it (not yet
/// upright). Cheap to copy: copies share the pixels, which live as long as an `owner`.
struct Frame {
  struct Plane {
    const std::byte* data = nullptr;
    ptrdiff_t stride = 0;  ///< Bytes from one row to the next.
  };
  /// Y, U, V; or R, G, B for kRgb. U and V are empty when `grey`.
  std::array<Plane, 3> planes;
  int width = 0;   ///< Luma samples, as stored.
  int height = 0;  ///< Luma samples, as stored.
  /// Chroma has (width >> chroma_shift_x) columns, rounded up; 0 or 1, rarely 2.
  int chroma_shift_x = 0;
  int chroma_shift_y = 0;
  int bit_depth = 8;        ///< 8 to 12. Above 8, samples are 16 bit with the low bits used.
  bool full_range = false;  ///< Luma is 0 to 255, not 16 to 235 (at 8 bit).
  bool grey = false;        ///< No chroma.
  /// Chroma samples sit on the left luma column (MPEG-2 and later), not between two columns.
  bool chroma_left = true;
  ColorMatrix matrix = ColorMatrix::kBt601;
  Orientation orientation;
  double pixel_aspect = 1;  ///< Width over height of one stored pixel, 0.1 to 10.
  int64_t pts = kNoPts;     ///< Ticks of the clip's time base.
  std::shared_ptr<const void> owner;
};

}  // namespace lido::media
