// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/draw.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "lido/scene/canvas.h"

namespace lido::scene {
namespace {

constexpr std::array<std::array<uint8_t, 3>, 10> kColors = {{{255, 99, 97},
                                                             {255, 200, 61},
                                                             {88, 214, 141},
                                                             {93, 173, 226},
                                                             {195, 155, 211},
                                                             {245, 145, 60},
                                                             {72, 201, 176},
                                                             {240, 98, 146},
                                                             {174, 213, 129},
                                                             {129, 162, 255}}};

constexpr Color kGrey = {210, 210, 210};

cv::Scalar scalar(const Color& color) {
  return {double(color[0]), double(color[1]), double(color[2])};
}

void dash(cv::Mat& view, const cv::Rect& area, const cv::Scalar& color) {
  constexpr int kDash = 6;
  for (int x = area.x; x < area.x + area.width; x += 2 * kDash) {
    const int end = std::min(x + kDash, area.x + area.width);
    cv::line(view, {x, area.y}, {end, area.y}, color, 1);
    cv::line(view, {x, area.y + area.height}, {end, area.y + area.height}, color, 1);
  }
  for (int y = area.y; y < area.y + area.height; y += 2 * kDash) {
    const int end = std::min(y + kDash, area.y + area.height);
    cv::line(view, {area.x, y}, {area.x, end}, color, 1);
    cv::line(view, {area.x + area.width, y}, {area.x + area.width, end}, color, 1);
  }
}

}  // namespace

std::array<uint8_t, 3> track_color(int64_t track) {
  return kColors[static_cast<size_t>(track) % kColors.size()];
}

void draw_poses(media::Image& image, const media::Geometry& geometry,
                std::span<const DrawnPose> poses) {
  cv::Mat view(image.height, image.width, CV_8UC3, image.rgb.data());
  const int thickness = std::max(1, std::min(image.width, image.height) / 400);
  const cv::Scalar white(255, 255, 255);
  for (const DrawnPose& pose : poses) {
    const auto is_sure = [&](size_t i) { return pose.keypoints[i].score >= kMinDrawnScore; };
    const auto place = [&](size_t i) {
      const Keypoint& point = pose.keypoints[i];
      // A network may place a point anywhere.
      const auto pixel = [](double value) {
        return static_cast<int>(std::lround(std::clamp(value, -1e4, 1e4)));
      };
      return cv::Point(pixel(point.x * geometry.scale_x + geometry.offset_x),
                       pixel(point.y * geometry.scale_y + geometry.offset_y));
    };
    const cv::Scalar color = scalar(track_color(pose.track));
    for (const auto& [from, to] : pose.limbs) {
      if (is_sure(from) && is_sure(to))
        cv::line(view, place(from), place(to), color, thickness, cv::LINE_AA);
    }
    for (size_t i = 0; i < pose.keypoints.size(); ++i) {
      if (is_sure(i)) cv::circle(view, place(i), thickness + 1, white, cv::FILLED, cv::LINE_AA);
    }
  }
}

void draw(media::Image& image, const media::Geometry& geometry, std::span<const DrawnBox> boxes,
          std::span<const DrawnPath> paths, const std::string& caption) {
  cv::Mat view(image.height, image.width, CV_8UC3, image.rgb.data());
  const double text_size = std::clamp(image.height / 1400.0, 0.32, 0.6);
  const auto x_of = [&](double x) {
    return static_cast<int>(std::lround(x * geometry.scale_x + geometry.offset_x));
  };
  const auto y_of = [&](double y) {
    return static_cast<int>(std::lround(y * geometry.scale_y + geometry.offset_y));
  };
  const int thickness = std::max(1, std::min(image.width, image.height) / 300);
  for (const DrawnPath& path : paths) {
    std::vector<cv::Point> points;
    for (const auto& [x, y] : path.points) points.emplace_back(x_of(x), y_of(y));
    cv::polylines(view, points, false, scalar(track_color(path.track)), thickness, cv::LINE_AA);
  }
  Canvas canvas(image);
  for (const DrawnBox& one : boxes) {
    const cv::Rect area(cv::Point(x_of(one.box.x), y_of(one.box.y)),
                        cv::Point(x_of(one.box.right()), y_of(one.box.bottom())));
    const cv::Scalar color = scalar(one.track == 0 ? kGrey : track_color(one.track));
    if (one.moved_only)
      dash(view, area, color);
    else
      cv::rectangle(view, area, color, one.track == 0 ? 1 : thickness, cv::LINE_AA);
    if (one.text.empty()) continue;
    const Color paper = one.track == 0 ? kGrey : track_color(one.track);
    canvas.label({double(area.x), double(area.y)}, one.text, paper, text_size);
  }
  // At the bottom: names of boxes stand above the boxes, so that the top is often taken.
  if (!caption.empty()) canvas.label({6, double(image.height)}, caption, {30, 30, 30}, text_size);
}

}  // namespace lido::scene
