// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/stillness.h"

#include <gtest/gtest.h>

#include <random>

namespace lido::scene {
namespace {

constexpr double kFps = 4;
const Box kPostBox{100, 60, 20, 50}, kPersonBox{200, 60, 20, 50}, kSwimmerBox{60, 150, 30, 24};

/// A frame of 320 x 180: a wall with a dark post, water below y = 130, and at times a person beside
/// the post and a swimmer.
media::GreyImage pool_frame(int seed, bool person, bool swimmer) {
  std::mt19937 random(static_cast<uint32_t>(seed));
  media::GreyImage image{320, 180, std::vector<uint8_t>(320 * 180, 150)};
  const auto fill = [&](const Box& box, auto value) {
    for (int y = int(box.y); y < int(box.bottom()); ++y)
      for (int x = int(box.x); x < int(box.right()); ++x)
        image.grey[static_cast<size_t>(y * 320 + x)] = static_cast<uint8_t>(value(x, y));
  };
  fill(kPostBox, [](int, int y) { return y < 80 ? 60 : 20; });
  if (person) fill(kPersonBox, [](int, int y) { return y < 70 ? 220 : 90; });
  // Ripples, in patches of 4 x 4 pixels.
  std::vector<uint8_t> ripples(80 * 45);
  for (uint8_t& one : ripples) one = static_cast<uint8_t>(110 + random() % 40);
  fill({0, 130, 320, 50}, [&](int x, int y) { return ripples[size_t(y / 4 * 80 + x / 4)]; });
  if (swimmer) fill(kSwimmerBox, [](int, int) { return 200; });
  return image;
}

/// Thumbnails of a minute in which the person stands there for the first fifteen seconds, and the
/// swimmer floats from beginning to end.
class Still : public testing::Test {
 protected:
  Still() {
    for (int64_t k = 0; k < 240; ++k) motions_.push_back({.k = k});
    for (int64_t k = 2; k < 240; k += 4)
      thumbnails_.push_back({k, pool_frame(int(k), k < 60, true)});
  }
  Stillness stillness() const { return {thumbnails_, motions_, kFps, 320, 180}; }
  /// Look at a box of an image in which nothing moves.
  static BoxLook still_look(const media::GreyImage& image, const Box& box) {
    return {.moved = 0, .patch = patch_of(image, box)};
  }

  std::vector<ViewMotion> motions_;
  std::vector<GreyThumbnail> thumbnails_;
};

TEST_F(Still, AThingThatStaysIsBackgroundAndAPersonWhoCameIsNot) {
  const auto now = pool_frame(1, true, true);
  EXPECT_EQ(stillness().judge(motions_[9], kPostBox, still_look(now, kPostBox)),
            Evidence::kBackground);
  EXPECT_EQ(stillness().judge(motions_[9], kPersonBox, still_look(now, kPersonBox)),
            Evidence::kStill);
  // The bare wall where the person stood.
  const auto later = pool_frame(2, false, true);
  EXPECT_EQ(stillness().judge(motions_[99], kPersonBox, still_look(later, kPersonBox)),
            Evidence::kBackground);
}

TEST_F(Still, AnotherBrightnessIsTheSameThing) {
  auto darker = pool_frame(1, false, true);
  for (uint8_t& one : darker.grey) one = static_cast<uint8_t>(std::max(0, one - 15));
  EXPECT_EQ(stillness().judge(motions_[9], kPostBox, still_look(darker, kPostBox)),
            Evidence::kBackground);
}

TEST_F(Still, ASleeperInWaterIsNeverBackground) {
  const auto now = pool_frame(1, false, true);
  const Box around{kSwimmerBox.x - 12, kSwimmerBox.y - 9, 54, 39};
  EXPECT_EQ(stillness().judge(motions_[9], around, still_look(now, around)), Evidence::kWater);
}

TEST_F(Still, PixelsThatMoveAreNoBackground) {
  EXPECT_EQ(stillness().judge(motions_[9], kPostBox, {.moved = 0.5F, .patch = {}}),
            Evidence::kMoves);
}

TEST_F(Still, NothingIsKnownOfAShortClipOrAMovingCamera) {
  const auto look = still_look(pool_frame(1, false, true), kPostBox);
  ViewMotion pan{.k = 9};
  pan.view_from_frame.m[2] = 8;
  EXPECT_EQ(stillness().judge(pan, kPostBox, look), Evidence::kUnknown);
  EXPECT_EQ(stillness().judge(motions_[9], kPostBox, {}), Evidence::kUnknown);
  thumbnails_.resize(12);  // 11 s
  EXPECT_EQ(stillness().judge(motions_[9], kPostBox, look), Evidence::kUnknown);
}

TEST(MovedShare, IsTheShareOfTheBoxInTheMask) {
  // Moved: the left half of a mask at half the image's size.
  Moving moving{.regions = {}, .mask = {8, 4, std::vector<uint8_t>(32)}, .reduction = 2};
  for (size_t i = 0; i < 32; ++i) moving.mask.grey[i] = i % 8 < 4 ? 255 : 0;
  EXPECT_DOUBLE_EQ(moved_share(moving, {0, 0, 16, 8}), 0.5);
  EXPECT_DOUBLE_EQ(moved_share(moving, {4, 2, 6, 4}), 2.0 / 3);
  EXPECT_DOUBLE_EQ(moved_share(moving, {-4, 0, 8, 8}), 1);
  EXPECT_DOUBLE_EQ(moved_share(moving, {40, 40, 8, 8}), 0);
}

}  // namespace
}  // namespace lido::scene
