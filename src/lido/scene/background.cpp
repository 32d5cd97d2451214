// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/background.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <opencv2/imgproc.hpp>

namespace lido::scene {
namespace {

constexpr int kReduce = 4;
constexpr size_t kMaxBoxes = 24;
constexpr int kLeastDifference = 14;  // brightness levels
constexpr int kLeastArea = 10;        // reduced pixels: a head 60 pixels tall in a 1080p picture

/// The middle one; the order of the values is lost.
uint8_t median(std::span<uint8_t> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

std::vector<std::vector<Box>> find_moving(std::span<const media::GreyImage> pictures) {
  std::vector<std::vector<Box>> moving(pictures.size());
  if (pictures.size() < 5) return moving;
  std::vector<cv::Mat> small(pictures.size());
  for (size_t i = 0; i < pictures.size(); ++i) {
    const media::GreyImage& picture = pictures[i];
    const cv::Mat full(picture.height, picture.width, CV_8U,
                       const_cast<uint8_t*>(picture.grey.data()));
    const cv::Size size(std::max(1, picture.width / kReduce),
                        std::max(1, picture.height / kReduce));
    cv::resize(full, small[i], size, 0, 0, cv::INTER_AREA);
  }
  cv::Mat background(small[0].size(), CV_8U), usual(small[0].size(), CV_8U);
  std::vector<uint8_t> values(pictures.size());
  for (int y = 0; y < background.rows; ++y) {
    for (int x = 0; x < background.cols; ++x) {
      for (size_t i = 0; i < small.size(); ++i) values[i] = small[i].at<uint8_t>(y, x);
      const uint8_t middle = median(values);
      background.at<uint8_t>(y, x) = middle;
      for (uint8_t& value : values) value = static_cast<uint8_t>(std::abs(value - middle));
      usual.at<uint8_t>(y, x) = median(values);
    }
  }
  // Ripples wander: what is usual next door is usual here.
  cv::blur(usual, usual, {15, 15});
  for (size_t i = 0; i < small.size(); ++i) {
    cv::Mat difference, mask, labels, stats, centres;
    cv::absdiff(small[i], background, difference);
    cv::blur(difference, difference, {3, 3});
    mask = difference > cv::max(usual * 5, kLeastDifference);
    cv::morphologyEx(mask, mask, cv::MORPH_CLOSE, cv::Mat::ones(5, 5, CV_8U));
    const int count = cv::connectedComponentsWithStats(mask, labels, stats, centres, 8, CV_32S);
    std::vector<std::array<int, 5>> found;  // area, x, y, width, height
    for (int j = 1; j < count; ++j) {
      const auto* s = stats.ptr<int>(j);
      const int area = s[cv::CC_STAT_AREA];
      // Half the picture at once is light, not a person.
      if (area < kLeastArea || area > background.rows * background.cols / 4) continue;
      found.push_back({area, s[cv::CC_STAT_LEFT], s[cv::CC_STAT_TOP], s[cv::CC_STAT_WIDTH],
                       s[cv::CC_STAT_HEIGHT]});
    }
    std::ranges::stable_sort(found, std::greater(), [](const auto& one) { return one[0]; });
    if (found.size() > kMaxBoxes) found.resize(kMaxBoxes);
    const double x = static_cast<double>(pictures[i].width) / background.cols;
    const double y = static_cast<double>(pictures[i].height) / background.rows;
    for (const auto& one : found)
      moving[i].push_back({one[1] * x, one[2] * y, one[3] * x, one[4] * y});
  }
  return moving;
}

Plate make_plate(std::span<const media::Image> pictures) {
  const media::Image& first = pictures.front();
  Plate plate{first, {first.width, first.height, std::vector<uint8_t>(first.rgb.size() / 3)}};
  std::vector<uint8_t> values(pictures.size());
  for (size_t i = 0; i < first.rgb.size(); ++i) {
    for (size_t j = 0; j < pictures.size(); ++j) values[j] = pictures[j].rgb[i];
    const uint8_t middle = median(values);
    plate.background.rgb[i] = middle;
    if (i % 3 != 1) continue;  // green stands for brightness
    for (uint8_t& value : values) value = static_cast<uint8_t>(std::abs(value - middle));
    plate.activity.grey[i / 3] = median(values);
  }
  return plate;
}

}  // namespace lido::scene
