// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/background.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <opencv2/imgproc.hpp>

namespace lido::scene {
namespace {

constexpr int kReduce = 4;
constexpr size_t kMaxRegions = 24;
constexpr int kMinDifference = 14;  // brightness levels
constexpr int kMinArea = 10;        // pixels at 1/kReduce: a head 60 pixels tall in a 1080p frame

/// Median; reorders the values.
uint8_t median(std::span<uint8_t> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, middle);
  return *middle;
}

/// The images at 1/kReduce of their size.
std::vector<cv::Mat> reduced(std::span<const media::GreyImage> images) {
  std::vector<cv::Mat> small(images.size());
  for (size_t i = 0; i < images.size(); ++i) {
    const media::GreyImage& image = images[i];
    const cv::Mat full(image.height, image.width, CV_8U, const_cast<uint8_t*>(image.grey.data()));
    const cv::Size size(std::max(1, image.width / kReduce), std::max(1, image.height / kReduce));
    cv::resize(full, small[i], size, 0, 0, cv::INTER_AREA);
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
      const uint8_t middle = median(values);
      background.median.at<uint8_t>(y, x) = middle;
      for (uint8_t& value : values) value = static_cast<uint8_t>(std::abs(value - middle));
      background.distance.at<uint8_t>(y, x) = median(values);
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

/// The regions in which an image differs from the background, the largest first.
std::vector<Region> moving_regions(const cv::Mat& image, const Background& background) {
  cv::Mat difference, mask, labels, stats, centres;
  cv::absdiff(image, background.median, difference);
  cv::blur(difference, difference, {3, 3});
  mask = difference > cv::max(background.distance * 5, kMinDifference);
  cv::morphologyEx(mask, mask, cv::MORPH_CLOSE, cv::Mat::ones(5, 5, CV_8U));
  const int count = cv::connectedComponentsWithStats(mask, labels, stats, centres, 8, CV_32S);
  std::vector<Region> regions;
  for (int j = 1; j < count; ++j) {
    const auto* s = stats.ptr<int>(j);
    const int area = s[cv::CC_STAT_AREA];
    // A large part of the frame at once is light, not a person.
    if (area < kMinArea || area > image.rows * image.cols / 4) continue;
    regions.push_back({area, s[cv::CC_STAT_LEFT], s[cv::CC_STAT_TOP], s[cv::CC_STAT_WIDTH],
                       s[cv::CC_STAT_HEIGHT]});
  }
  std::ranges::stable_sort(regions, std::greater(), &Region::area);
  if (regions.size() > kMaxRegions) regions.resize(kMaxRegions);
  return regions;
}

}  // namespace

std::vector<std::vector<Box>> find_moving(std::span<const media::GreyImage> images) {
  std::vector<std::vector<Box>> moving(images.size());
  if (images.size() < 5) return moving;
  const auto small = reduced(images);
  const Background background = background_of(small);
  for (size_t i = 0; i < small.size(); ++i) {
    const double x = static_cast<double>(images[i].width) / small[i].cols;
    const double y = static_cast<double>(images[i].height) / small[i].rows;
    for (const Region& one : moving_regions(small[i], background))
      moving[i].push_back({one.x * x, one.y * y, one.width * x, one.height * y});
  }
  return moving;
}

Plate make_plate(std::span<const media::Image> images) {
  const media::Image& first = images.front();
  Plate plate{first, {first.width, first.height, std::vector<uint8_t>(first.rgb.size() / 3)}};
  std::vector<uint8_t> values(images.size());
  for (size_t i = 0; i < first.rgb.size(); ++i) {
    for (size_t j = 0; j < images.size(); ++j) values[j] = images[j].rgb[i];
    const uint8_t middle = median(values);
    plate.background.rgb[i] = middle;
    if (i % 3 != 1) continue;  // green approximates brightness
    for (uint8_t& value : values) value = static_cast<uint8_t>(std::abs(value - middle));
    plate.activity.grey[i / 3] = median(values);
  }
  return plate;
}

}  // namespace lido::scene
