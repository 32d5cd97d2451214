// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/canvas.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace lido::scene {
namespace {

constexpr int kShift = 4;  // bits of a pixel's fraction
constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;

cv::Mat view_of(media::Image& image) { return {image.height, image.width, CV_8UC3, &image.rgb[0]}; }

cv::Scalar ink_of(const Color& color) {
  return {double(color[0]), double(color[1]), double(color[2])};
}

/// A length in fractions of a pixel. A projection may put a point anywhere.
int fraction(double value) {
  constexpr double kFarthest_px = 3e4;
  if (std::isnan(value)) return 0;
  return static_cast<int>(std::lround(std::clamp(value, -kFarthest_px, kFarthest_px) * 16));
}

/// OpenCV counts from the middle of the first pixel.
cv::Point point_of(PixelPlace at) { return {fraction(at.x - 0.5), fraction(at.y - 0.5)}; }

std::vector<cv::Point> points_of(std::span<const PixelPlace> places) {
  std::vector<cv::Point> points;
  for (const PixelPlace& one : places) points.push_back(point_of(one));
  return points;
}

/// Corners of a circle. OpenCV's own circles have too few for a radius of a few pixels.
std::vector<PixelPlace> circle_of(PixelPlace center, double radius) {
  constexpr int kCorners = 24;
  std::vector<PixelPlace> corners;
  for (int i = 0; i < kCorners; ++i) {
    const double angle = 2 * M_PI * i / kCorners;
    corners.push_back({center.x + radius * std::cos(angle), center.y + radius * std::sin(angle)});
  }
  return corners;
}

cv::Size extent_of(const std::string& text, double size, int& below) {
  return cv::getTextSize(text, kFont, size, 1, &below);
}

}  // namespace

void Canvas::line(PixelPlace from, PixelPlace to, const Color& color, int thickness) {
  cv::Mat view = view_of(image_);
  cv::line(view, point_of(from), point_of(to), ink_of(color), thickness, cv::LINE_AA, kShift);
}

void Canvas::dashes(PixelPlace from, PixelPlace to, const Color& color, int thickness,
                    double dash_px) {
  const double length = std::hypot(to.x - from.x, to.y - from.y);
  constexpr double kMaxDashes = 1000;
  if (!(length > 0) || !(dash_px > 0) || length > kMaxDashes * dash_px) return;
  const auto at = [&](double along) {
    const double share = std::min(1.0, along / length);
    return PixelPlace{from.x + share * (to.x - from.x), from.y + share * (to.y - from.y)};
  };
  // OpenCV's lines reach half their thickness beyond both ends.
  const double cap = std::min(0.5 * thickness, 0.4 * dash_px);
  for (double along = 0; along < length; along += 2 * dash_px)
    line(at(along + cap), at(along + dash_px - cap), color, thickness);
}

void Canvas::polyline(std::span<const PixelPlace> points, bool closed, const Color& color,
                      int thickness) {
  cv::Mat view = view_of(image_);
  cv::polylines(view, points_of(points), closed, ink_of(color), thickness, cv::LINE_AA, kShift);
}

void Canvas::fill(std::span<const PixelPlace> corners, const Color& color, double opacity) {
  if (corners.size() < 3) return;
  cv::Mat view = view_of(image_);
  const std::vector<std::vector<cv::Point>> areas = {points_of(corners)};
  if (opacity >= 1) return cv::fillPoly(view, areas, ink_of(color), cv::LINE_AA, kShift);
  cv::Mat filled = view.clone();
  cv::fillPoly(filled, areas, ink_of(color), cv::LINE_AA, kShift);
  cv::addWeighted(filled, opacity, view, 1 - opacity, 0, view);
}

void Canvas::disc(PixelPlace center, double radius, const Color& color) {
  fill(circle_of(center, radius), color, 1);
}

void Canvas::ring(PixelPlace center, double radius, const Color& color, int thickness) {
  polyline(circle_of(center, radius), true, color, thickness);
}

void Canvas::ellipse(const PixelEllipse& ellipse, const Color& color, int thickness) {
  cv::Mat view = view_of(image_);
  cv::ellipse(view, point_of(ellipse.center), {fraction(ellipse.a), fraction(ellipse.b)},
              ellipse.angle_rad * 180 / M_PI, 0, 360, ink_of(color), thickness, cv::LINE_AA,
              kShift);
}

void Canvas::text(PixelPlace at, const std::string& text, const Color& color, double size,
                  TextSide side) {
  cv::Mat view = view_of(image_);
  const double width = text_width(text, size);
  if (side == TextSide::kLeft) at.x -= width;
  if (side == TextSide::kMiddle) at.x -= width / 2;
  const cv::Point from(fraction(at.x) / 16, fraction(at.y) / 16);
  cv::putText(view, text, from, kFont, size, ink_of(color), 1, cv::LINE_AA);
}

void Canvas::label(PixelPlace at, const std::string& text, const Color& background, double size) {
  cv::Mat view = view_of(image_);
  int below = 0;
  const cv::Size extent = extent_of(text, size, below);
  const int x = std::clamp(fraction(at.x) / 16, 0, std::max(0, view.cols - extent.width - 6));
  const int lowest = std::max(extent.height + 5, view.rows - below - 1);
  const int y = std::clamp(fraction(at.y) / 16, extent.height + 5, lowest);
  const cv::Rect area(x, y - extent.height - 5, extent.width + 6, extent.height + below + 6);
  const cv::Scalar paper = ink_of(background);
  cv::rectangle(view, area, paper, cv::FILLED);
  const double brightness = 0.3 * paper[0] + 0.59 * paper[1] + 0.11 * paper[2];
  const cv::Scalar ink = brightness > 130 ? cv::Scalar(20, 20, 20) : cv::Scalar(255, 255, 255);
  cv::putText(view, text, {x + 3, y}, kFont, size, ink, 1, cv::LINE_AA);
}

double Canvas::text_width(const std::string& text, double size) {
  int below = 0;
  return extent_of(text, size, below).width;
}

double Canvas::label_height(double size) {
  int below = 0;
  const cv::Size extent = extent_of("0", size, below);
  return extent.height + below + 6;
}

}  // namespace lido::scene
