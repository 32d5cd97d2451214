// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lido/base/box.h"
#include "lido/media/convert.h"

namespace lido::scene {

/// A box to be drawn: upright source pixels.
struct DrawnBox {
  Box box;
  int64_t track = 0;  ///< Gives the colour; 0 is grey, and dashed when `proposed`.
  std::string text;
  bool proposed = false;  ///< It moved, and nobody was recognised.
};

/// Where a track was: upright source pixels, oldest first.
struct DrawnPath {
  int64_t track = 0;
  std::vector<std::pair<double, double>> points;
};

/// Draws boxes, paths and a line of text at the top into a picture that `geometry` made.
void draw(media::Image& image, const media::Geometry& geometry, std::span<const DrawnBox> boxes,
          std::span<const DrawnPath> paths, const std::string& caption);

/// A track's colour, red, green and blue: neighbours in number differ.
std::array<uint8_t, 3> track_color(int64_t track);

}  // namespace lido::scene
