// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/moving.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <random>

namespace lido::scene {
namespace {

SeenObject region(int64_t k, double x, double y = 0) { return {.k = k, .box = {x, y, 30, 30}}; }

TEST(LinkMoving, AThingThatMovesOnIsOneChain) {
  // One goes right by 10 pixels a tick, one stands at y = 200; a flicker at tick 2.
  std::vector<SeenObject> regions;
  for (int64_t k = 0; k < 5; ++k) {
    regions.push_back(region(k, 10.0 * double(k)));
    if (k == 2) regions.push_back(region(k, 500));
    regions.push_back(region(k, 0, 200));
  }
  const auto chains = link_moving(regions, 1, 2);
  ASSERT_EQ(chains.size(), 2U) << "the flicker is too short";
  for (int64_t k = 0; k < 5; ++k) {
    const auto at = static_cast<size_t>(k);
    EXPECT_EQ(chains[0][at].box, region(k, 10.0 * double(k)).box);
    EXPECT_EQ(chains[1][at].box, region(k, 0, 200).box);
  }
}

TEST(LinkMoving, AGapLongerThanAllowedEndsAChain) {
  const std::vector<SeenObject> regions = {region(0, 0), region(1, 0), region(4, 0), region(5, 0)};
  EXPECT_EQ(link_moving(regions, 2, 2).size(), 1U) << "ticks 2 and 3 are missing";
  EXPECT_EQ(link_moving(regions, 1, 2).size(), 2U);
  EXPECT_TRUE(link_moving({}, 1, 1).empty());
}

TEST(LinkMoving, EachRegionContinuesOneChain) {
  // Two things meet in one region, which continues the nearer of them.
  const std::vector<SeenObject> regions = {region(0, 0), region(0, 28), region(1, 4)};
  const auto chains = link_moving(regions, 1, 1);
  ASSERT_EQ(chains.size(), 2U);
  EXPECT_EQ(chains[0].size(), 2U);
  EXPECT_EQ(chains[1].size(), 1U);
}

TEST(MovingCutouts, ShowWhatMovesOnForAWhile) {
  std::vector<Observation> block(kBlock);
  for (int64_t i = 0; i < kBlock; ++i) {
    Observation& one = block[static_cast<size_t>(i)];
    one.k = 32 + i;
    one.moving.push_back({5.0 * double(i), 50, 40, 40});
    one.moving.push_back({5.0 * double(i), 300, 20, 20});  // small
    if (i % 5 == 0) one.moving.push_back({600, 50, 40, 40});
    if (i < 5) one.moving.push_back({600, 300, 40, 40});
  }
  const auto boxes = moving_cutouts(block);
  ASSERT_EQ(boxes.size(), block.size());
  for (int64_t i = 0; i < kBlock; ++i)
    EXPECT_EQ(boxes[static_cast<size_t>(i)], (std::vector<Box>{{5.0 * double(i), 50, 40, 40}}));
}

TEST(MovingCutouts, AreBounded) {
  std::vector<Observation> block(kBlock);
  for (int64_t i = 0; i < kBlock; ++i) {
    block[static_cast<size_t>(i)].k = i;
    for (int n = 0; n < 20; ++n)
      block[static_cast<size_t>(i)].moving.push_back({60.0 * n, 50, 40, 40});
  }
  for (const auto& boxes : moving_cutouts(block)) EXPECT_EQ(boxes.size(), kMaxMovingCutouts);
}

/// Three quarters of a minute of a pool at 4 ticks a second, 320 x 180: a still deck above y = 90,
/// ripples below.
class FollowMoving : public testing::Test {
 protected:
  static constexpr int64_t kTicks = 180;

  void SetUp() override {
    const std::string folder = LIDO_TEST_MODELS "/nanodet";
    ASSERT_TRUE(std::filesystem::exists(folder)) << "no " << folder << "; ./dev test fetches it";
    detector_.emplace(Detector::make(infer::read_bundle(folder).value(), {}).value());
    std::mt19937 random(7);
    for (int64_t k = 0; k < kTicks; ++k) {
      observations_.push_back({.k = k});
      followed_.motions.push_back({.motion = {.k = k}, .registration = {}});
      if (k % 4 != 2) continue;
      media::GreyImage image{320, 180, std::vector<uint8_t>(320 * 180, 150)};
      for (size_t i = 320 * 90; i < image.grey.size(); ++i)
        image.grey[i] = static_cast<uint8_t>(110 + random() % 40);
      thumbnails_.push_back({k, std::move(image)});
    }
  }
  /// Something moves at 20 <= k < end, one pixel a tick to the right.
  void move(int64_t end, double y) {
    for (int64_t k = 20; k < end; ++k)
      observations_[static_cast<size_t>(k)].moving.push_back({double(k), y, 40, 30});
  }
  std::vector<std::vector<SeenObject>> chains() const {
    const ObservedClip clip{observations_, thumbnails_, 4, 320, 180};
    std::vector<ViewMotion> motions;
    for (const MotionAt& at : followed_.motions) motions.push_back(at.motion);
    return follow_moving(clip, followed_, *detector_, Stillness(thumbnails_, motions, 4, 320, 180));
  }

  std::optional<Detector> detector_;
  std::vector<Observation> observations_;
  std::vector<GreyThumbnail> thumbnails_;
  Followed followed_;
};

TEST_F(FollowMoving, WhatMovesInWaterForTwoSecondsIsFollowed) {
  move(40, 120);
  const auto found = chains();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].size(), 20U);
  EXPECT_EQ(found[0].front().k, 20);
  EXPECT_EQ(found[0].front().class_id, -1);
}

TEST_F(FollowMoving, NeitherOnTheDeckNorForAMoment) {
  move(40, 30);
  EXPECT_TRUE(chains().empty()) << "the deck is still";
  move(27, 120);
  EXPECT_TRUE(chains().empty()) << "seven ticks are less than two seconds";
}

TEST_F(FollowMoving, WhereAPersonIsFollowedNothingElseIs) {
  move(60, 120);
  // A person is followed at the same place up to tick 40.
  for (int64_t k = 20; k < 40; ++k)
    followed_.objects.push_back(
        {.k = k, .box = {double(k) + 5, 118, 30, 40}, .score = 0.9F, .class_id = 0, .track = 3});
  const auto found = chains();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].front().k, 40);
}

TEST_F(FollowMoving, ANewViewEndsAChain) {
  move(120, 120);  // views of 20 and 25 seconds
  for (size_t k = 80; k < size_t{kTicks}; ++k) followed_.motions[k].motion.view = 1;
  const auto found = chains();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].back().k, 79);
  EXPECT_EQ(found[1].front().k, 80);
}

TEST_F(FollowMoving, WithoutABackgroundThereIsNoWater) {
  thumbnails_.resize(8);  // less than 15 s
  move(40, 120);
  EXPECT_TRUE(chains().empty());
}

}  // namespace
}  // namespace lido::scene
