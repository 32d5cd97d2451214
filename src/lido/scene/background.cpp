// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/background.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <opencv2/imgproc.hpp>

#include "lido/base/median.h"

namespace lido::scene {
namespace {

constexpr int kReduce = 4;
constexpr size_t kMaxRegions = 24;
constexpr int kMinDifference = 14;  // brightness levels
constexpr int kMinArea = 10;        // pixels at 1/kReduce: a head 60 pixels tall in a 1080p frame

/// An image's pixels as a matrix, which is not to be written.
cv::Mat matrix_of(const media::GreyImage& image) {
  return {image.height, image.width, CV_8U, const_cast<uint8_t*>(image.grey.data())};
}

/// Pixels of an image in a box; empty for a box outside the image.
/// @param reduction  Pixels of the box per pixel of the image.
cv::Rect pixels_of(const media::GreyImage& image, const Box& box, double reduction) {
  const auto pixel = [&](double at, int size) {
    return std::clamp(static_cast<int>(std::lround(at / reduction)), 0, size);
  };
  const int left = pixel(box.x, image.width), right = pixel(box.right(), image.width);
  const int top = pixel(box.y, image.height), bottom = pixel(box.bottom(), image.height);
  return {left, top, std::max(0, right - left), std::max(0, bottom - top)};
}

/// The images at 1/kReduce of their size.
std::vector<cv::Mat> reduced(std::span<const media::GreyImage> images) {
  std::vector<cv::Mat> small(images.size());
  for (size_t i = 0; i < images.size(); ++i) {
    const media::GreyImage& image = images[i];
    const cv::Size size(std::max(1, image.width / kReduce), std::max(1, image.height / kReduce));
    cv::resize(matrix_of(image), small[i], size, 0, 0, cv::INTER_AREA);
  }
  return small;
}

/// Median of the images, and the median distance from it.
struct Background {
  cv::Mat median, distance;
};

Background background_of(const std::vector<cv::Mat>& images) {
  Background background{cv::Mat(images[0].size(), CV_8U), cv::Mat(images[0].size(), CV_8U)};
  std::vector<uint8_t> values(images.size());
  for (int y = 0; y < background.median.rows; ++y) {
    for (int x = 0; x < background.median.cols; ++x) {
      for (size_t i = 0; i < images.size(); ++i) values[i] = images[i].at<uint8_t>(y, x);
      const Spread spread = spread_of(values);
      background.median.at<uint8_t>(y, x) = spread.median;
      background.distance.at<uint8_t>(y, x) = spread.distance;
    }
  }
  // Ripples wander, so that the distance of the neighbours applies here too.
  cv::blur(background.distance, background.distance, {15, 15});
  return background;
}

/// A connected region, pixels at 1/kReduce.
struct Region {
  int area, x, y, width, height;
};

/// Pixels in which an image differs from the background: 255, else 0.
cv::Mat moving_pixels(const cv::Mat& image, const Background& background) {
  cv::Mat difference, mask;
  cv::absdiff(image, background.median, difference);
  cv::blur(difference, difference, {3, 3});
  mask = difference > cv::max(background.distance * 5, kMinDifference);
  cv::morphologyEx(mask, mask, cv::MORPH_CLOSE, cv::Mat::ones(5, 5, CV_8U));
  return mask;
}

/// The connected regions of a mask, the largest first.
std::vector<Region> moving_regions(const cv::Mat& mask) {
  cv::Mat labels, stats, centres;
  const int count = cv::connectedComponentsWithStats(mask, labels, stats, centres, 8, CV_32S);
  std::vector<Region> regions;
  for (int j = 1; j < count; ++j) {
    const auto* s = stats.ptr<int>(j);
    const int area = s[cv::CC_STAT_AREA];
    // A large part of the frame at once is light, not a person.
    if (area < kMinArea || area > mask.rows * mask.cols / 4) continue;
    regions.push_back({area, s[cv::CC_STAT_LEFT], s[cv::CC_STAT_TOP], s[cv::CC_STAT_WIDTH],
                       s[cv::CC_STAT_HEIGHT]});
  }
  std::ranges::stable_sort(regions, std::greater(), &Region::area);
  if (regions.size() > kMaxRegions) regions.resize(kMaxRegions);
  return regions;
}

}  // namespace

std::vector<Moving> find_moving(std::span<const media::GreyImage> images) {
  std::vector<Moving> moving(images.size());
  if (images.size() < 5) return moving;
  const auto small = reduced(images);
  const Background background = background_of(small);
  for (size_t i = 0; i < small.size(); ++i) {
    const double x = static_cast<double>(images[i].width) / small[i].cols;
    const double y = static_cast<double>(images[i].height) / small[i].rows;
    const cv::Mat mask = moving_pixels(small[i], background);
    for (const Region& one : moving_regions(mask))
      moving[i].regions.push_back({one.x * x, one.y * y, one.width * x, one.height * y});
    moving[i].mask = {mask.cols, mask.rows, {mask.begin<uint8_t>(), mask.end<uint8_t>()}};
    moving[i].reduction = x;
  }
  return moving;
}

double moved_share(const Moving& moving, const Box& box) {
  const media::GreyImage& mask = moving.mask;
  const cv::Rect pixels = pixels_of(mask, box, moving.reduction);
  if (pixels.empty()) return 0;
  int64_t moved = 0;
  for (int y = pixels.y; y < pixels.y + pixels.height; ++y) {
    const auto row = mask.grey.begin() + int64_t{y} * mask.width + pixels.x;
    moved += std::count(row, row + pixels.width, uint8_t{255});
  }
  return static_cast<double>(moved) / (static_cast<double>(pixels.width) * pixels.height);
}

std::vector<uint8_t> patch_of(const media::GreyImage& image, const Box& box) {
  const cv::Rect pixels = pixels_of(image, box, 1);
  if (pixels.empty()) return {};
  cv::Mat patch;
  cv::resize(matrix_of(image)(pixels), patch, {kPatchWidth, kPatchHeight}, 0, 0, cv::INTER_AREA);
  return {patch.begin<uint8_t>(), patch.end<uint8_t>()};
}

BoxLook look_at(const media::GreyImage& image, const Moving& moving, const Box& box) {
  BoxLook look{.moved = static_cast<float>(moved_share(moving, box)), .patch = {}};
  if (look.moved < kMinMovedShare) look.patch = patch_of(image, box);
  return look;
}

Spread spread_of(std::span<uint8_t> values) {
  const uint8_t middle = reorder_to_median(values);
  for (uint8_t& value : values) value = static_cast<uint8_t>(std::abs(value - middle));
  return {middle, reorder_to_median(values)};
}

Plate make_plate(std::span<const media::Image> images) {
  const media::Image& first = images.front();
  Plate plate{first, {first.width, first.height, std::vector<uint8_t>(first.rgb.size() / 3)}};
  std::vector<uint8_t> values(images.size());
  for (size_t i = 0; i < first.rgb.size(); ++i) {
    for (size_t j = 0; j < images.size(); ++j) values[j] = images[j].rgb[i];
    if (i % 3 != 1) {
      plate.background.rgb[i] = reorder_to_median(std::span(values));
      continue;
    }
    const Spread green = spread_of(values);  // green approximates brightness
    plate.background.rgb[i] = green.median;
    plate.activity.grey[i / 3] = green.distance;
  }
  return plate;
}

}  // namespace lido::scene
