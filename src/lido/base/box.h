// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

namespace lido {

/// An upright rectangle; in upright source pixels where nothing else is said.
struct Box {
  double x = 0, y = 0, width = 0, height = 0;
  double right() const { return x + width; }
  double bottom() const { return y + height; }
  double area() const { return width * height; }
  bool operator==(const Box&) const = default;
};

/// Area of what both cover.
inline double intersection(const Box& a, const Box& b) {
  const double width = std::min(a.right(), b.right()) - std::max(a.x, b.x);
  const double height = std::min(a.bottom(), b.bottom()) - std::max(a.y, b.y);
  return width <= 0 || height <= 0 ? 0 : width * height;
}

/// Intersection over union, 0 to 1.
inline double iou(const Box& a, const Box& b) {
  const double both = intersection(a, b);
  return both <= 0 ? 0 : both / (a.area() + b.area() - both);
}

}  // namespace lido
