// SPDX-License-Identifier: Apache-2.0
// The fast fixed-point converter against the plain definition in doubles.
#include "lido/media/convert.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

namespace lido::media {
namespace {

struct Source {
  Frame frame;
  std::vector<uint16_t> samples[3];
  std::vector<std::byte> bytes[3];
};

struct Format {
  int shift_x, shift_y, depth;
  bool full_range, grey, left;
  ColorMatrix matrix;
  Orientation orientation;
};

int chroma(int luma, int shift) { return (luma + (1 << shift) - 1) >> shift; }

/// Smooth waves and some noise, within the format's legal values.
Source make_source(int width, int height, const Format& format, std::mt19937& random) {
  Source source;
  Frame& frame = source.frame;
  frame.width = width, frame.height = height;
  frame.chroma_shift_x = format.shift_x, frame.chroma_shift_y = format.shift_y;
  frame.bit_depth = format.depth, frame.full_range = format.full_range, frame.grey = format.grey;
  frame.chroma_left = format.left, frame.matrix = format.matrix,
  frame.orientation = format.orientation;
  const double scale = 1 << (format.depth - 8);
  for (int plane = 0; plane < 3; ++plane) {
    const int w = plane ? chroma(width, format.shift_x) : width,
              h = plane ? chroma(height, format.shift_y) : height;
    const double fx = 0.02 + 0.1 * static_cast<double>(random() % 100) / 100,
                 fy = 0.02 + 0.1 * static_cast<double>(random() % 100) / 100;
    const size_t stride = static_cast<size_t>(w) * (format.depth > 8 ? 2 : 1) + 14;
    source.bytes[plane].resize(stride * static_cast<size_t>(h) + 64);
    for (int y = 0; y < h; ++y) {
      for (int x = 0; x < w; ++x) {
        const double wave = 128 + 70 * std::sin(x * fx + plane) * std::cos(y * fy) +
                            static_cast<double>(random() % 16);
        const auto value = static_cast<uint16_t>(std::clamp(wave, 20.0, 230.0) * scale);
        source.samples[plane].push_back(value);
        std::byte* at = &source.bytes[plane][stride * static_cast<size_t>(y)];
        if (format.depth > 8)
          std::memcpy(at + 2 * x, &value, 2);
        else
          at[x] = static_cast<std::byte>(value);
      }
    }
    frame.planes[static_cast<size_t>(plane)] = {source.bytes[plane].data(),
                                                static_cast<ptrdiff_t>(stride)};
  }
  return source;
}

/// One plane's value around (x, y), both in pixels of that plane, by a triangle of half-width
/// `support`.
double look_up(const std::vector<uint16_t>& samples, int width, int height, double x, double y,
               double support_x, double support_y) {
  double sum = 0, weights = 0;
  for (int row = std::max(0, static_cast<int>(y - support_y) - 1);
       row < std::min<double>(height, y + support_y + 1); ++row) {
    const double weight_y = std::max(0.0, 1 - std::abs(row + 0.5 - y) / support_y);
    for (int column = std::max(0, static_cast<int>(x - support_x) - 1);
         column < std::min<double>(width, x + support_x + 1); ++column) {
      const double weight = weight_y * std::max(0.0, 1 - std::abs(column + 0.5 - x) / support_x);
      sum += weight * samples[static_cast<size_t>(row * width + column)];
      weights += weight;
    }
  }
  return weights > 0 ? sum / weights : samples[0];
}

/// Turns a point of the upright frame back into the stored one.
std::pair<double, double> stored_point(double x, double y, const Frame& frame) {
  double u = x, v = y;
  switch (frame.orientation.quarter_turns) {  // clockwise turns made it upright: undo them
    case 1:
      u = y, v = frame.height - x;
      break;
    case 2:
      u = frame.width - x, v = frame.height - y;
      break;
    case 3:
      u = frame.width - y, v = x;
      break;
    default:
      break;
  }
  if (frame.orientation.mirrored) u = frame.width - u;
  return {u, v};
}

std::array<double, 3> plain(const Source& source, const Geometry& geometry, int column, int row) {
  const Frame& frame = source.frame;
  const double upright_x = (column + 0.5 - geometry.offset_x) / geometry.scale_x;
  const double upright_y = (row + 0.5 - geometry.offset_y) / geometry.scale_y;
  const auto [width, height] = upright_size(frame);
  if (upright_x < 0 || upright_x > width || upright_y < 0 || upright_y > height) return {0, 0, 0};
  const auto [x, y] = stored_point(upright_x, upright_y, frame);
  const bool swapped = frame.orientation.quarter_turns % 2 == 1;
  const double step_x = 1 / (swapped ? geometry.scale_y : geometry.scale_x);
  const double step_y = 1 / (swapped ? geometry.scale_x : geometry.scale_y);
  std::array<double, 3> value{};
  for (int plane = 0; plane < 3; ++plane) {
    const int shift_x = plane ? frame.chroma_shift_x : 0,
              shift_y = plane ? frame.chroma_shift_y : 0;
    const double site = plane && shift_x && frame.chroma_left ? ((1 << shift_x) - 1) / 2.0 : 0;
    const double plane_step_x = step_x / (1 << shift_x), plane_step_y = step_y / (1 << shift_y);
    value[static_cast<size_t>(plane)] =
        plane && frame.grey
            ? 128
            : look_up(source.samples[plane], plane ? chroma(frame.width, shift_x) : frame.width,
                      plane ? chroma(frame.height, shift_y) : frame.height,
                      (x + site) / (1 << shift_x), y / (1 << shift_y), std::max(1.0, plane_step_x),
                      std::max(1.0, plane_step_y)) /
                  (1 << (frame.bit_depth - 8));
  }
  if (frame.matrix == ColorMatrix::kRgb) return value;
  double kr = 0.299, kb = 0.114;
  if (frame.matrix == ColorMatrix::kBt709) kr = 0.2126, kb = 0.0722;
  if (frame.matrix == ColorMatrix::kBt2020) kr = 0.2627, kb = 0.0593;
  const double luma = frame.full_range ? value[0] : (value[0] - 16) * 255 / 219;
  const double chroma_scale = frame.full_range ? 1 : 255.0 / 224;
  const double u = (value[1] - 128) * chroma_scale, v = (value[2] - 128) * chroma_scale;
  const double r = luma + 2 * (1 - kr) * v, b = luma + 2 * (1 - kb) * u;
  return {r, (luma - kr * r - kb * b) / (1 - kr - kb), b};
}

TEST(Converter, AgreesWithItsDefinitionForEveryFormat) {
  std::mt19937 random(11);
  for (int round = 0; round < 60; ++round) {
    const bool rgb = round % 10 == 9;
    const int shift = rgb ? 0 : round % 3 == 2 ? 0 : 1;
    const Format format{.shift_x = shift,
                        .shift_y = round % 3 == 0 ? shift : 0,
                        .depth = round % 4 == 3 ? 10 : 8,
                        .full_range = round % 2 == 1,
                        .grey = round % 11 == 10,
                        .left = round % 2 == 0,
                        .matrix = rgb ? ColorMatrix::kRgb : static_cast<ColorMatrix>(round % 3),
                        .orientation = {round % 4, round % 8 >= 4}};
    const Source source = make_source(70 + static_cast<int>(random() % 400),
                                      50 + static_cast<int>(random() % 300), format, random);
    const char* fits[] = {"crop", "pad", "stretch"};
    const auto geometry = fit_geometry(source.frame, {.size = 48, .fit = fits[round / 3 % 3]});
    ASSERT_TRUE(geometry);
    const Image image = Converter().convert(source.frame, *geometry);
    ASSERT_EQ(image.width, 48);
    double worst = 0, sum = 0;
    for (int row = 0; row < image.height; ++row) {
      for (int column = 0; column < image.width; ++column) {
        const auto expected = plain(source, *geometry, column, row);
        for (size_t channel = 0; channel < 3; ++channel) {
          const double value = std::clamp(expected[channel], 0.0, 255.0);
          const double difference =
              std::abs(image.rgb[static_cast<size_t>(row * 48 + column) * 3 + channel] - value);
          worst = std::max(worst, difference);
          sum += difference;
        }
      }
    }
    EXPECT_LE(worst, 3.0) << "round " << round;
    EXPECT_LE(sum / (48 * 48 * 3), 0.7) << "round " << round;
  }
}

TEST(Converter, GeometrySaysWherePixelsLand) {
  std::mt19937 random(5);
  Source source =
      make_source(320, 180, {1, 1, 8, true, true, true, ColorMatrix::kBt709, {}}, random);
  for (auto& byte : source.bytes[0]) byte = std::byte{0};
  const ptrdiff_t stride = source.frame.planes[0].stride;
  for (int y = 80; y < 100; ++y)
    for (int x = 150; x < 170; ++x)
      source.bytes[0][static_cast<size_t>(y * stride + x)] = std::byte{255};
  for (const char* fit : {"crop", "pad", "stretch"}) {
    const auto geometry = *fit_geometry(source.frame, {.size = 96, .fit = fit});
    const Image image = Converter().convert(source.frame, geometry);
    double sum = 0, sum_x = 0, sum_y = 0;
    for (int row = 0; row < 96; ++row) {
      for (int column = 0; column < 96; ++column) {
        const double light = image.rgb[static_cast<size_t>(row * 96 + column) * 3];
        sum += light, sum_x += light * (column + 0.5), sum_y += light * (row + 0.5);
      }
    }
    EXPECT_NEAR(sum_x / sum, 160 * geometry.scale_x + geometry.offset_x, 0.05) << fit;
    EXPECT_NEAR(sum_y / sum, 90 * geometry.scale_y + geometry.offset_y, 0.05) << fit;
  }
}

Frame frame_of(int width, int height, Orientation orientation = {}, double pixel_aspect = 1) {
  Frame frame;
  frame.width = width, frame.height = height;
  frame.orientation = orientation, frame.pixel_aspect = pixel_aspect;
  return frame;
}

TEST(FitGeometry, CropsTheCentreOfTheShortSide) {
  // The short side, 180, becomes 256; the square of 224 is cut from the centre of 455 x 256.
  const Geometry geometry = *fit_geometry(frame_of(320, 180), {});
  EXPECT_EQ(geometry.width, 224);
  EXPECT_NEAR(geometry.scale_x, 455.0 / 320, 1e-12);
  EXPECT_NEAR(geometry.scale_y, 256.0 / 180, 1e-12);
  EXPECT_EQ(geometry.offset_x, -115) << "half of 455 - 224, rounded down";
  EXPECT_EQ(geometry.offset_y, -16);
}

TEST(FitGeometry, PadsTheLongSideToTheWholeSquare) {
  const Geometry geometry = *fit_geometry(frame_of(320, 180), {.size = 160, .fit = "pad"});
  EXPECT_DOUBLE_EQ(geometry.scale_x, 0.5);
  EXPECT_DOUBLE_EQ(geometry.scale_y, 0.5);
  EXPECT_EQ(geometry.offset_x, 0);
  EXPECT_EQ(geometry.offset_y, 35) << "(160 - 90) / 2";
}

TEST(FitGeometry, CountsPixelsThatAreNotSquare) {
  // 240 x 180 stored pixels of 4:3 show 320 x 180.
  const Geometry wide = *fit_geometry(frame_of(240, 180, {}, 4.0 / 3), {.size = 160, .fit = "pad"});
  EXPECT_NEAR(wide.scale_x, 160.0 / 240, 1e-12);
  EXPECT_NEAR(wide.scale_y, 0.5, 1e-12);
  // Turned, they are narrow.
  EXPECT_NEAR(upright_aspect(frame_of(240, 180, {.quarter_turns = 1}, 4.0 / 3)), 0.75, 1e-12);
}

TEST(FitGeometry, RefusesACropThatIsLargerThanTheImage) {
  const auto refused = fit_geometry(frame_of(320, 180), {.size = 224, .resize = 100});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "resize is 100, want 224 (size) or more");
  EXPECT_FALSE(fit_geometry(frame_of(320, 180), {.fit = "zoom"}));
}

TEST(ShrunkGeometry, ShrinksToTheLongerSideAndNeverEnlarges) {
  const Geometry shrunk = shrunk_geometry(frame_of(1920, 1080), 480);
  EXPECT_EQ(shrunk.width, 480);
  EXPECT_EQ(shrunk.height, 270);
  EXPECT_DOUBLE_EQ(shrunk.scale_x, 0.25);
  const Geometry kept = shrunk_geometry(frame_of(320, 180), 480);
  EXPECT_EQ(kept.width, 320);
  EXPECT_DOUBLE_EQ(kept.scale_y, 1);
  const Geometry even = shrunk_geometry(frame_of(321, 179, {.quarter_turns = 3}), 160, 2);
  EXPECT_EQ(even.width, 90) << "179 is 89.2, rounded to even";
  EXPECT_EQ(even.height, 160);
}

// Luma of a studio-range frame: 16 is black, 235 is white.
TEST(ConvertGrey, StretchesStudioRangeToFullRange) {
  for (const bool full_range : {false, true}) {
    for (int level = 0; level < 256; level += 15) {
      std::vector<std::byte> luma(16 * 16, static_cast<std::byte>(level));
      Frame frame = frame_of(16, 16);
      frame.full_range = full_range;
      frame.planes[0] = {luma.data(), 16};
      const GreyImage image = Converter().convert_grey(frame, shrunk_geometry(frame, 16));
      const double expected =
          full_range ? level : std::clamp((level - 16) * 255.0 / 219, 0.0, 255.0);
      // 255 / 219 is 298 / 256 in eight bits, and the quotient is cut off: up to 0.08 + 1 below.
      for (const uint8_t value : image.grey) ASSERT_NEAR(value, expected, 1.08) << level;
    }
  }
}

TEST(GreyOf, IsLumaOfBt601) {
  std::mt19937 random(7);
  Image image{64, 48, {}};
  for (int i = 0; i < 3 * 64 * 48; ++i) image.rgb.push_back(static_cast<uint8_t>(random() % 256));
  image.rgb[0] = image.rgb[1] = image.rgb[2] = 255;
  const GreyImage grey = grey_of(image);
  ASSERT_EQ(grey.width, 64);
  ASSERT_EQ(grey.height, 48);
  EXPECT_EQ(grey.grey[0], 255);
  for (size_t i = 0; i < grey.grey.size(); ++i) {
    const uint8_t* rgb = &image.rgb[3 * i];
    // Weights in 1/256 are off by up to 0.0018 each; half a level of rounding.
    ASSERT_NEAR(grey.grey[i], 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2], 1);
  }
}

TEST(ConvertGrey, AgreesWithTheBrightnessOfRgb) {
  std::mt19937 random(2);
  const Source source =
      make_source(160, 90, {1, 1, 8, true, true, true, ColorMatrix::kBt601, {1, true}}, random);
  const Geometry geometry = shrunk_geometry(source.frame, 80);
  const Image rgb = Converter().convert(source.frame, geometry);
  const GreyImage grey = Converter().convert_grey(source.frame, geometry);
  ASSERT_EQ(grey.width, 45);
  ASSERT_EQ(grey.grey.size() * 3, rgb.rgb.size());
  for (size_t i = 0; i < grey.grey.size(); ++i) ASSERT_EQ(grey.grey[i], rgb.rgb[3 * i]);
}

}  // namespace
}  // namespace lido::media
