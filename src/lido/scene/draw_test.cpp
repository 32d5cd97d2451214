// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/draw.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace lido::scene {
namespace {

constexpr std::array<uint8_t, 3> kBlack = {0, 0, 0};

media::Image black(int width, int height) {
  return {width, height, std::vector<uint8_t>(static_cast<size_t>(3 * width * height))};
}

std::array<uint8_t, 3> at(const media::Image& image, int x, int y) {
  const auto* pixel = &image.rgb[static_cast<size_t>(3 * (y * image.width + x))];
  return {pixel[0], pixel[1], pixel[2]};
}

/// Whether a pixel has nearly a colour; antialiasing darkens the pixels of thin lines.
bool has_color(const media::Image& image, int x, int y, const std::array<uint8_t, 3>& color) {
  const auto found = at(image, x, y);
  for (size_t i = 0; i < 3; ++i) {
    if (std::abs(found[i] - color[i]) > 30) return false;
  }
  return true;
}

/// Pixels of a row that are not black.
int drawn_in_row(const media::Image& image, int y) {
  int count = 0;
  for (int x = 0; x < image.width; ++x) count += at(image, x, y) != kBlack ? 1 : 0;
  return count;
}

TEST(Draw, ABoxHasItsTracksColourAtItsMappedPlace) {
  media::Image image = black(320, 180);
  const media::Geometry halved{320, 180, 0.5, 0.5};
  const std::vector<DrawnBox> boxes = {{.box = {100, 80, 60, 120}, .track = 3}};
  draw(image, halved, boxes, {}, "");
  EXPECT_TRUE(has_color(image, 65, 40, track_color(3))) << "the top edge";
  EXPECT_TRUE(has_color(image, 50, 70, track_color(3))) << "the left edge";
  EXPECT_TRUE(has_color(image, 79, 70, track_color(3))) << "the right edge";
  EXPECT_EQ(at(image, 65, 70), kBlack) << "the inside stays visible";
}

TEST(Draw, ARegionThatOnlyMovedIsDashed) {
  media::Image solid = black(320, 180), dashed = black(320, 180);
  const media::Geometry plain{320, 180};
  draw(solid, plain, std::vector<DrawnBox>{{.box = {40, 40, 120, 60}}}, {}, "");
  draw(dashed, plain, std::vector<DrawnBox>{{.box = {40, 40, 120, 60}, .moved_only = true}}, {},
       "");
  EXPECT_GE(drawn_in_row(solid, 40), 118);
  EXPECT_NEAR(drawn_in_row(dashed, 40), 64, 16) << "about half of the edge";
}

TEST(Draw, APathJoinsItsPoints) {
  media::Image image = black(320, 180);
  const std::vector<DrawnPath> paths = {{.track = 1, .points = {{20, 30}, {20, 90}, {100, 90}}}};
  draw(image, {320, 180}, {}, paths, "");
  EXPECT_TRUE(has_color(image, 20, 60, track_color(1)));
  EXPECT_TRUE(has_color(image, 60, 90, track_color(1)));
  EXPECT_EQ(at(image, 60, 60), kBlack);
}

TEST(Draw, TheCaptionLeavesTheTopToTheBoxesNames) {
  media::Image image = black(640, 360);
  draw(image, {640, 360}, {}, {}, "7.00 s  camera still");
  int top = 0, bottom = 0;
  for (int y = 0; y < 300; ++y) top += drawn_in_row(image, y);
  for (int y = 340; y < 360; ++y) bottom += drawn_in_row(image, y);
  EXPECT_EQ(top, 0);
  EXPECT_GT(bottom, 500);
}

TEST(Draw, ANameOutsideTheImageIsMovedInside) {
  media::Image image = black(320, 180);
  draw(image, {320, 180}, std::vector<DrawnBox>{{.box = {300, -40, 60, 100}, .text = "person 12"}},
       {}, "");
  EXPECT_GT(drawn_in_row(image, 4), 20);
}

TEST(Draw, NeighbouringTracksHaveOtherColours) {
  std::set<std::array<uint8_t, 3>> colors;
  for (int64_t track = 1; track <= 10; ++track) colors.insert(track_color(track));
  EXPECT_EQ(colors.size(), 10U);
}

}  // namespace
}  // namespace lido::scene
