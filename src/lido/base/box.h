// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

namespace lido {

/// An axis-aligned rectangle, in upright source pixels unless its owner names another unit.
struct Box {
  double x = 0;       ///< Left edge.
  double y = 0;       ///< Top edge.
  double width = 0;   ///< >= 0.
  double height = 0;  ///< >= 0.
  double right() const { return x + width; }
  double bottom() const { return y + height; }
  double area() const { return width * height; }
  bool operator==(const Box&) const = default;
};

/// Returns the area covered by both boxes; 0 when they only touch.
inline double intersection(const Box& a, const Box& b) {
  const double width = std::min(a.right(), b.right()) - std::max(a.x, b.x);
  const double height = std::min(a.bottom(), b.bottom()) - std::max(a.y, b.y);
  return width <= 0 || height <= 0 ? 0 : width * height;
}

/// Returns the boxes' intersection over union, 0 to 1.
inline double iou(const Box& a, const Box& b) {
  const double both = intersection(a, b);
  return both <= 0 ? 0 : both / (a.area() + b.area() - both);
}

}  // namespace lido
