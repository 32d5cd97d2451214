// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/quality.h"

#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

namespace lido::scene {
namespace {

QualitySample sample(int64_t k, QualityFeatures features) { return {k, false, features}; }
constexpr QualityFeatures kGood{.mean = 110, .structure = 40, .detail = 0.6F, .change = 20};

TEST(Quality, FaultsBecomePeriods) {
  std::vector<QualitySample> samples;
  for (int64_t k = 0; k < 40; ++k) {
    QualityFeatures features = kGood;
    if (k >= 10 && k < 20) features = {.mean = 3, .structure = 1, .detail = 0.6F, .change = 20};
    if (k >= 30) features.change = k < 33 ? 2 : 0;  // an encoder first refines a still view
    if (k == 5) features.change = 0;                // one equal frame is no fault
    samples.push_back(sample(k, features));
  }
  const auto faults = find_faults(samples, 4);
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_EQ(name_of(faults[0].fault), "black");
  EXPECT_EQ(faults[0].begin, 10);
  EXPECT_EQ(faults[0].end, 20);
  EXPECT_EQ(name_of(faults[1].fault), "frozen");
  EXPECT_EQ(faults[1].begin, 29);
  EXPECT_EQ(faults[1].end, 40);
}

TEST(Quality, WaterWithoutShadesIsOverexposedThoughItIsNotWhite) {
  // Blue at its limit everywhere, as in a pool at four times the gain; and at the right gain.
  for (const bool clipped : {false, true}) {
    const media::GreyImage grey{640, 360, std::vector<uint8_t>(640 * 360, clipped ? 160 : 90)};
    const std::vector<uint8_t> red(640 * 360, clipped ? 80 : 20),
        green(red.size(), clipped ? 190 : 110), blue(red.size(), clipped ? 255 : 180);
    media::Frame frame{
        .width = 640, .height = 360, .full_range = true, .matrix = media::ColorMatrix::kRgb};
    for (const auto& [i, plane] : {std::pair{0, &red}, {1, &green}, {2, &blue}})
      frame.planes[size_t(i)] = {reinterpret_cast<const std::byte*>(plane->data()), 640};
    QualityMeter meter;
    EXPECT_EQ(meter.measure(grey, frame).bright, clipped ? 1 : 0);
  }
}

/// A grey frame and its brightness, from a function of the pixel.
QualityFeatures measure(QualityMeter& meter, const cv::Mat& pixels) {
  const media::GreyImage grey{pixels.cols, pixels.rows, {pixels.datastart, pixels.dataend}};
  media::Frame frame{.width = pixels.cols, .height = pixels.rows, .full_range = true, .grey = true};
  frame.planes[0] = {reinterpret_cast<const std::byte*>(pixels.data), pixels.cols};
  return meter.measure(grey, frame);
}

TEST(Quality, SharesAreSharesOfPixels) {
  QualityMeter meter;
  cv::Mat pixels(360, 640, CV_8U, cv::Scalar(100));
  pixels(cv::Rect(0, 0, 160, 360)).setTo(10);     // a quarter
  pixels(cv::Rect(400, 80, 128, 90)).setTo(255);  // a twentieth
  const auto features = measure(meter, pixels);
  EXPECT_FLOAT_EQ(features.dark, 0.25F);
  EXPECT_NEAR(features.mean, 0.25 * 10 + 0.05 * 255 + 0.7 * 100, 0.01);
  EXPECT_NEAR(features.patch, 0.05, 0.003);
  // Measured at 96 x 54 pixels, where the patch of 19 x 13 loses up to two at each blurred edge.
  EXPECT_LE(features.bright, 19.2 * 13.5 / (96 * 54));
  EXPECT_GE(features.bright, 15.2 * 9.5 / (96 * 54));
  EXPECT_EQ(features.change, 255) << "nothing to compare a first frame with";
}

TEST(Quality, ChangeIsTheLargestOfAnyPixelAtAQuarterOfTheSize) {
  QualityMeter meter;
  cv::Mat pixels(360, 640, CV_8U, cv::Scalar(100));
  (void)measure(meter, pixels);
  EXPECT_EQ(measure(meter, pixels).change, 0);
  pixels(cv::Rect(40, 40, 4, 4)).setTo(137);  // one pixel at a quarter of the size
  EXPECT_EQ(measure(meter, pixels).change, 37);
  meter.reset();
  EXPECT_EQ(measure(meter, pixels).change, 255);
}

TEST(Quality, BlurTakesDetailAndKeepsStructure) {
  cv::Mat sharp(360, 640, CV_8U);
  for (int y = 0; y < 360; ++y) {
    for (int x = 0; x < 640; ++x)
      sharp.at<uint8_t>(y, x) = static_cast<uint8_t>((x / 80 + y / 60) % 2 * 120 + 40);
  }
  cv::randu(sharp(cv::Rect(0, 0, 320, 360)), 40, 160);
  cv::Mat blurred;
  cv::GaussianBlur(sharp, blurred, {}, 6);
  QualityMeter meter;
  const auto of_sharp = measure(meter, sharp), of_blurred = measure(meter, blurred);
  EXPECT_GT(of_sharp.detail, 0.6);
  EXPECT_LT(of_blurred.detail, 0.42);
  EXPECT_NEAR(of_blurred.structure / of_sharp.structure, 1, 0.3);
}

TEST(Quality, EveryFaultHasItsName) {
  const std::vector<std::pair<std::string_view, QualityFeatures>> cases = {
      {"covered", {.mean = 90, .structure = 2, .detail = 0.6F, .change = 20}},
      {"blurred", {.mean = 90, .structure = 40, .detail = 0.3F, .change = 20}},
      {"dark", {.mean = 25, .dark = 0.6F, .structure = 10, .detail = 0.6F, .change = 20}},
      {"bright", {.mean = 200, .bright = 0.4F, .structure = 40, .detail = 0.6F, .change = 20}},
      {"glare",
       {.mean = 110,
        .bright = 0.1F,
        .patch = 0.1F,
        .structure = 40,
        .detail = 0.6F,
        .change = 20}}};
  for (const auto& [name, features] : cases) {
    const std::vector<QualitySample> samples = {sample(0, kGood), sample(1, features)};
    const auto faults = find_faults(samples, 4);
    ASSERT_EQ(faults.size(), 1U) << name;
    EXPECT_EQ(name_of(faults[0].fault), name);
    EXPECT_EQ(faults[0].begin, 1);
    EXPECT_EQ(faults[0].end, 2);
  }
}

TEST(Quality, ACutEndsAPeriod) {
  constexpr QualityFeatures kDark{.mean = 3, .structure = 1, .detail = 0.6F, .change = 20};
  const std::vector<QualitySample> samples = {
      {0, false, kDark}, {1, false, kDark}, {9, true, kDark}};
  const auto faults = find_faults(samples, 4);
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_EQ(faults[0].end, 2);
  EXPECT_EQ(faults[1].begin, 9);
}

}  // namespace
}  // namespace lido::scene
