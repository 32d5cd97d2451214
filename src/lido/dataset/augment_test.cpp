// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/augment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace lido::dataset {
namespace {

constexpr int kSide = 128;

media::Image grey(uint8_t value) {
  return {kSide, kSide, std::vector<uint8_t>(kSide * kSide * 3, value)};
}

/// Black, with a white box.
media::Image picture_of(const Box& box) {
  media::Image image = grey(0);
  for (int y = static_cast<int>(box.y); y < static_cast<int>(box.y + box.height); ++y) {
    for (int x = static_cast<int>(box.x); x < static_cast<int>(box.x + box.width); ++x) {
      std::fill_n(&image.rgb[static_cast<size_t>(y * kSide + x) * 3], 3, uint8_t{255});
    }
  }
  return image;
}

/// The upright box around what is brighter than half.
Box bright_part(const media::Image& image) {
  int left = image.width, top = image.height, right = 0, bottom = 0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      if (image.rgb[static_cast<size_t>(y * image.width + x) * 3] < 128) continue;
      left = std::min(left, x), right = std::max(right, x + 1);
      top = std::min(top, y), bottom = std::max(bottom, y + 1);
    }
  }
  return {static_cast<double>(left), static_cast<double>(top), static_cast<double>(right - left),
          static_cast<double>(bottom - top)};
}

Augmentation draw(int sample, const char* group = "event", int64_t epoch = 0) {
  return draw_augmentation({}, 1, epoch, group, "sample-" + std::to_string(sample), kSide, kSide);
}

TEST(Augment, IsAFunctionOfSeedEpochGroupAndSample) {
  const Augmentation once = draw(1), again = draw(1);
  EXPECT_EQ(once.map, again.map);
  EXPECT_EQ(once.noise_seed, again.noise_seed);
  const media::Image image = picture_of({30, 40, 50, 20});
  EXPECT_EQ(augment(image, once, 3).rgb, augment(image, again, 3).rgb);
  EXPECT_NE(once.map, draw(1, "event", 1).map);
  EXPECT_NE(once.map, draw(1, "another event").map);
}

TEST(Augment, AgreesAcrossTheCamerasOfOneEvent) {
  const Augmentation one = draw(1), other = draw(2);
  EXPECT_EQ(one.map, other.map);
  EXPECT_EQ(one.brightness, other.brightness);
  EXPECT_EQ(one.saturation, other.saturation);
  EXPECT_EQ(one.blur, other.blur);
  EXPECT_NE(one.noise_seed, other.noise_seed);
}

TEST(Augment, NothingAskedChangesNothing) {
  const Augmentation none =
      draw_augmentation({0, 0, 0, 0, 0, 0, 0, 0}, 1, 0, "g", "s", kSide, kSide);
  const media::Image image = picture_of({30, 40, 50, 20});
  EXPECT_EQ(augment(image, none, 0).rgb, image.rgb);
  EXPECT_EQ(augment(Box{1, 2, 3, 4}, none, kSide, kSide), (Box{1, 2, 3, 4}));
}

// The moved box is where the moved pixels are, for many draws.
TEST(Augment, BoxesAndPointsMoveWithThePixels) {
  const AugmentOptions only_moves{0.5, 0.15, 8, 0, 0, 0, 0, 0};
  for (int round = 0; round < 200; ++round) {
    const Augmentation drawn =
        draw_augmentation(only_moves, 5, 0, "g" + std::to_string(round), "s", kSide, kSide);
    const Box box{20.0 + round % 40, 30.0 + round % 30, 30, 24};
    const Box moved = augment(box, drawn, kSide, kSide);
    const Box seen = bright_part(augment(picture_of(box), drawn, 0));
    // Corners of a turned box are thin: they fall below half, by a pixel or two.
    EXPECT_NEAR(moved.x, seen.x, 2.5) << round;
    EXPECT_NEAR(moved.y, seen.y, 2.5) << round;
    EXPECT_NEAR(moved.x + moved.width, seen.x + seen.width, 2.5) << round;
    EXPECT_NEAR(moved.y + moved.height, seen.y + seen.height, 2.5) << round;
    const auto point = augment({box.x + 15, box.y + 12}, drawn);
    if (seen.x > 0 && seen.y > 0 && seen.x + seen.width < kSide && seen.y + seen.height < kSide) {
      EXPECT_NEAR(point[0], seen.x + seen.width / 2, 1.0) << round;
      EXPECT_NEAR(point[1], seen.y + seen.height / 2, 1.0) << round;
    }
  }
}

/// The textbook's bilinear look-up, edge pixels repeated; x and y count from pixel centres.
double bilinear(const media::Image& image, double x, double y, size_t channel) {
  x = std::clamp(x, 0.0, image.width - 1.0);
  y = std::clamp(y, 0.0, image.height - 1.0);
  const double left = std::floor(x), top = std::floor(y);
  const auto at = [&](double column, double row) {
    const auto i = static_cast<size_t>(std::min(column, image.width - 1.0));
    const auto j = static_cast<size_t>(std::min(row, image.height - 1.0));
    return static_cast<double>(image.rgb[(j * static_cast<size_t>(image.width) + i) * 3 + channel]);
  };
  const double right = x - left, down = y - top;
  return (at(left, top) * (1 - right) + at(left + 1, top) * right) * (1 - down) +
         (at(left, top + 1) * (1 - right) + at(left + 1, top + 1) * right) * down;
}

// Vectors and fixed point against doubles, without noise: turn, zoom, colours.
TEST(Augment, IsThatOfPlainArithmetic) {
  media::Image image{61, 37, {}};
  for (size_t i = 0; i < 61 * 37 * 3; ++i)
    image.rgb.push_back(static_cast<uint8_t>((i * i * 7 + i * 13) % 251));
  for (int round = 0; round < 20; ++round) {
    const AugmentOptions noiseless{0.5, 0.3, 20, 0.2, 0.3, 0.4, 0, 0};
    const Augmentation drawn = draw_augmentation(noiseless, 3, 0, "g" + std::to_string(round), "s",
                                                 image.width, image.height);
    const media::Image got = augment(image, drawn, 0);
    const auto& m = drawn.map;
    const double det = m[0] * m[4] - m[1] * m[3];
    for (int y = 0; y < image.height; ++y) {
      for (int x = 0; x < image.width; ++x) {
        const double u = x + 0.5 - m[2], v = y + 0.5 - m[5];
        double rgb[3];
        for (size_t c = 0; c < 3; ++c) {
          rgb[c] = bilinear(image, (m[4] * u - m[1] * v) / det - 0.5,
                            (m[0] * v - m[3] * u) / det - 0.5, c);
        }
        const double grey = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
        for (size_t c = 0; c < 3; ++c) {
          const double coloured = grey + (rgb[c] - grey) * drawn.saturation;
          const double wanted = std::clamp(
              (coloured - 127.5) * drawn.contrast + 127.5 + drawn.brightness * 255, 0.0, 255.0);
          const size_t at = static_cast<size_t>(y * image.width + x) * 3 + c;
          // Shares of 1/256 between pixels up to 255 apart, twice, then colours up to 1.82 times.
          ASSERT_NEAR(got.rgb[at], wanted, 4.5) << round << ": " << x << ", " << y;
        }
      }
    }
  }
}

TEST(Augment, UnknownBoxesStayUnknown) {
  EXPECT_TRUE(std::isnan(augment(Box{NAN, NAN, NAN, NAN}, draw(1), kSide, kSide).x));
}

TEST(Augment, KeypointsMoveWithTheFrameAndSwapSidesInAMirror) {
  const std::vector<std::string> names = {"nose", "left_eye", "right_eye", "tail"};
  const std::vector<double> stored = {10, 20, 0.1, 12, 18, 0.2, 8, 18, 0.3, NAN, NAN, NAN};
  Augmentation mirror;
  mirror.map = {-1, 0, kSide, 0, 1, 5};
  mirror.mirrored = true;
  auto moved = stored;
  augment_keypoints(moved, names, mirror);
  const std::vector<double> wanted = {kSide - 10, 25, 0.1, kSide - 8, 23, 0.3, kSide - 12, 23, 0.2};
  EXPECT_TRUE(std::equal(wanted.begin(), wanted.end(), moved.begin()));
  EXPECT_TRUE(std::isnan(moved[9]) && std::isnan(moved[11]));
  // The eye that is on the person's left in the picture stays on that side of the nose.
  EXPECT_GT(stored[3], stored[0]);
  EXPECT_GT(moved[3], moved[0]);
  mirror.mirrored = false;
  auto shifted = stored;
  augment_keypoints(shifted, names, mirror);
  EXPECT_EQ(shifted[3], kSide - 12);
  auto unnamed = stored;
  mirror.mirrored = true;
  augment_keypoints(unnamed, {}, mirror);
  EXPECT_EQ(unnamed[3], kSide - 12);
}

TEST(Augment, ColourAndNoiseAreAsStrongAsSaid) {
  Augmentation brighter;
  brighter.brightness = 0.2;
  EXPECT_NEAR(augment(grey(100), brighter, 0).rgb[0], 151, 1);
  Augmentation noisy;
  noisy.noise = 0.02;
  noisy.noise_seed = 9;
  const media::Image once = augment(grey(128), noisy, 0);
  EXPECT_NE(once.rgb, augment(grey(128), noisy, 1).rgb)
      << "a sensor's noise differs from frame to frame";
  double squares = 0;
  for (const uint8_t value : once.rgb) squares += (value - 128.0) * (value - 128.0);
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(once.rgb.size())), 0.02 * 255, 0.3);
}

}  // namespace
}  // namespace lido::dataset
