// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "lido/base/box.h"
#include "lido/media/convert.h"
#include "lido/scene/pose.h"

namespace lido::part {

/// Longer side of the context image in a person's sample, pixels: shows where in the pool they are.
inline constexpr int kContextSide = 224;

/// A square of `size` pixels around a person: the box and a margin of a quarter, but at least 32
/// source pixels. Pixels outside the frame are black. Pure.
inline media::Geometry cutout_geometry(const Box& box, int size) {
  constexpr double kMargin = 1.25;
  constexpr double kMinSide = 32;
  const double side = std::max({kMargin * box.width, kMargin * box.height, kMinSide});
  const double scale = size / side;
  return {size,
          size,
          scale,
          scale,
          -scale * (box.x + box.width / 2 - side / 2),
          -scale * (box.y + box.height / 2 - side / 2)};
}

/// Appends the keypoints of one frame in the pixels of its cutout: x, y, score of each.
/// @param pose   Null for none, which gives NaN.
/// @param count  Number of keypoints of a person.
inline void append_keypoints(std::vector<double>& values, const scene::Pose* pose,
                             const media::Geometry& cutout, size_t count) {
  if (pose == nullptr) {
    values.insert(values.end(), 3 * count, std::numeric_limits<double>::quiet_NaN());
    return;
  }
  for (const scene::Keypoint& point : pose->keypoints)
    values.insert(values.end(), {point.x * cutout.scale_x + cutout.offset_x,
                                 point.y * cutout.scale_y + cutout.offset_y, double(point.score)});
}

}  // namespace lido::part
