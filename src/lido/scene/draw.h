// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lido/base/box.h"
#include "lido/media/convert.h"
#include "lido/scene/pose.h"

namespace lido::scene {

/// A box to draw.
struct DrawnBox {
  Box box;                  ///< Upright source pixels.
  int64_t track = 0;        ///< Number of the track, which gives the colour; 0 is drawn in grey.
  std::string text;         ///< Drawn above the box; empty for none.
  bool moved_only = false;  ///< Whether no detection covers the box; it is drawn dashed.
};

/// The recent path of a track.
struct DrawnPath {
  int64_t track = 0;                              ///< Number of the track.
  std::vector<std::pair<double, double>> points;  ///< Upright source pixels, oldest first.
};

/// The keypoints of a person.
struct DrawnPose {
  int64_t track = 0;                                 ///< Number of the track.
  std::span<const Keypoint> keypoints;               ///< Upright source pixels.
  std::span<const std::pair<size_t, size_t>> limbs;  ///< Positions of keypoints to join.
};

/// Draws keypoints with a score of kMinDrawnScore or more, and the limbs between them. Changes only
/// the image.
/// @param geometry  From upright source pixels to the image's.
void draw_poses(media::Image& image, const media::Geometry& geometry,
                std::span<const DrawnPose> poses);

/// Draws paths, boxes and a caption at the bottom into an image. Changes only the image.
/// @param geometry  From upright source pixels to the image's.
/// @param caption  One line; empty for none.
void draw(media::Image& image, const media::Geometry& geometry, std::span<const DrawnBox> boxes,
          std::span<const DrawnPath> paths, const std::string& caption);

/// Colour of a track: red, green, blue. Tracks of neighbouring numbers differ.
std::array<uint8_t, 3> track_color(int64_t track);

}  // namespace lido::scene
