// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/background.h"

#include <gtest/gtest.h>

#include <random>

namespace lido::scene {
namespace {

media::GreyImage water(int seed) {
  std::mt19937 random(static_cast<uint32_t>(seed));
  media::GreyImage image{640, 360, std::vector<uint8_t>(640 * 360, 90)};
  // Tiles above; ripples below, in patches as large as heads.
  for (int y = 180; y < 360; y += 8) {
    for (int x = 0; x < 640; x += 8) {
      const auto value = static_cast<uint8_t>(90 + random() % 60);
      for (int dy = 0; dy < 8 && y + dy < 360; ++dy)
        for (int dx = 0; dx < 8; ++dx)
          image.grey[static_cast<size_t>((y + dy) * 640 + x + dx)] = value;
    }
  }
  return image;
}

TEST(Background, ASwimmerIsProposedAndRipplesAreNot) {
  std::vector<media::GreyImage> images;
  for (int i = 0; i < 16; ++i) {
    images.push_back(water(i));
    for (int y = 250; y < 280; ++y)
      for (int x = 40 + 30 * i; x < 70 + 30 * i; ++x)
        images.back().grey[static_cast<size_t>(y * 640 + x)] = 20;
  }
  int found = 0, others = 0;
  const auto moving = find_moving(images);
  for (int i = 0; i < 16; ++i) {
    const Box swimmer{40.0 + 30 * i, 250, 30, 30};
    for (const Box& box : moving[static_cast<size_t>(i)].regions) {
      const bool same = intersection(box, swimmer) > 0.5 * swimmer.area();
      found += same ? 1 : 0;
      others += same ? 0 : 1;
    }
  }
  EXPECT_GE(found, 15);
  EXPECT_LE(others, 4);
}

TEST(Background, APlateShowsTheViewWithoutPeople) {
  std::vector<media::Image> images;
  for (int i = 0; i < 9; ++i) {
    media::Image image{40, 30, std::vector<uint8_t>(40 * 30 * 3, 100)};
    for (int y = 10; y < 20; ++y)
      for (int x = 4 * i; x < 4 * i + 6 && x < 40; ++x)
        for (int c = 0; c < 3; ++c) image.rgb[static_cast<size_t>(3 * (y * 40 + x) + c)] = 255;
    for (int x = 0; x < 40; ++x)
      image.rgb[static_cast<size_t>(3 * (29 * 40 + x) + 1)] =
          static_cast<uint8_t>(80 + 10 * (i % 5));
    images.push_back(std::move(image));
  }
  const Plate plate = make_plate(images);
  for (int i = 0; i < 40 * 29 * 3; ++i)
    ASSERT_EQ(plate.background.rgb[static_cast<size_t>(i)], 100);
  EXPECT_EQ(plate.activity.grey[15 * 40 + 20], 0);
  EXPECT_GE(plate.activity.grey[29 * 40 + 20], 10);
}

TEST(Background, TooFewImagesProposeNothing) {
  const std::vector<media::GreyImage> images(4, water(1));
  const auto moving = find_moving(images);
  ASSERT_EQ(moving.size(), 4U);
  for (const Moving& one : moving) EXPECT_TRUE(one.regions.empty() && one.mask.grey.empty());
}

TEST(Background, ALampThatIsSwitchedOnIsNoSwimmer) {
  std::vector<media::GreyImage> images(9, water(1));
  for (uint8_t& value : images[4].grey) value = static_cast<uint8_t>(value + 60);
  for (const Moving& one : find_moving(images)) EXPECT_TRUE(one.regions.empty());
}

TEST(Background, SpreadIsTheMedianAndTheMedianDistanceFromIt) {
  std::vector<uint8_t> values = {200, 3, 7, 250, 9};  // distances from 9: 191, 6, 2, 241, 0
  const Spread spread = spread_of(values);
  EXPECT_EQ(spread.median, 9);
  EXPECT_EQ(spread.distance, 6);
}

TEST(Background, ActivityIsTheMedianDistanceFromTheMedian) {
  // Green of one pixel: 10, 20, 30, 50, 90. Median 30, distances 20, 10, 0, 20, 60: median 20.
  std::vector<media::Image> images;
  for (const uint8_t green : std::vector<uint8_t>{50, 10, 90, 30, 20})
    images.push_back({1, 1, {200, green, 7}});
  const Plate plate = make_plate(images);
  EXPECT_EQ(plate.background.rgb, (std::vector<uint8_t>{200, 30, 7}));
  EXPECT_EQ(plate.activity.grey, std::vector<uint8_t>{20});
}

}  // namespace
}  // namespace lido::scene
