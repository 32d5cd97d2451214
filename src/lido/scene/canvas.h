// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "lido/media/convert.h"

namespace lido::scene {

using Color = std::array<uint8_t, 3>;  ///< Red, green, blue.

/// A place in an image: pixels from the left and the upper edge.
struct PixelPlace {
  double x = 0, y = 0;
};

/// An ellipse: half axes in pixels, and the angle of the first one from x towards y.
struct PixelEllipse {
  PixelPlace center;
  double a = 0, b = 0;
  double angle_rad = 0;
};

/// Side of a place on which a text stands.
enum class TextSide : uint8_t { kLeft, kMiddle, kRight };

/// Draws lines, areas and texts into an image, antialiased, to 1/16 pixel. Parts outside the
/// image are cut off. Texts are ASCII. Not thread-safe.
class Canvas {
 public:
  /// @param image  Outlives the canvas.
  explicit Canvas(media::Image& image) : image_(image) {}

  int width() const { return image_.width; }
  int height() const { return image_.height; }

  void line(PixelPlace from, PixelPlace to, const Color& color, int thickness);
  /// Draws a line of dashes, as long as the gaps between them.
  void dashes(PixelPlace from, PixelPlace to, const Color& color, int thickness, double dash_px);
  /// Joins points; `closed` also joins the last with the first.
  void polyline(std::span<const PixelPlace> points, bool closed, const Color& color, int thickness);
  /// Fills a polygon. @param opacity  0 to 1.
  void fill(std::span<const PixelPlace> corners, const Color& color, double opacity);
  void disc(PixelPlace center, double radius, const Color& color);  ///< Half a pixel larger.
  void ring(PixelPlace center, double radius, const Color& color, int thickness);
  void ellipse(const PixelEllipse& ellipse, const Color& color, int thickness);
  /// Writes text whose baseline is at a place. @param size  Scale of OpenCV's Hershey font.
  void text(PixelPlace at, const std::string& text, const Color& color, double size,
            TextSide side = TextSide::kRight);
  /// Writes text on a filled background, so that it can be read on any image, and moves it inside
  /// the image. @param at  Left end of the baseline, 3 pixels left of the text.
  void label(PixelPlace at, const std::string& text, const Color& background, double size);

  /// Width of a text, pixels.
  static double text_width(const std::string& text, double size);
  /// Height of a label, pixels.
  static double label_height(double size);

 private:
  media::Image& image_;
};

}  // namespace lido::scene
