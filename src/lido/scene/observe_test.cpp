// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/observe.h"

#include <gtest/gtest.h>

#include <random>

#include "lido/scene/follow.h"

namespace lido::scene {
namespace {

TEST(Observe, EverySamplingTimeHasOneSpanThatAnswersForIt) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<int64_t> cuts = {0};
    while (cuts.back() < 500) cuts.push_back(cuts.back() + 1 + random() % 90);
    int64_t next = 0;
    for (size_t i = 0; i < cuts.size(); ++i) {
      const int64_t end = i + 1 < cuts.size() ? cuts[i + 1] : INT64_MAX;
      const OwnedBlocks share = blocks_of_span(cuts[i], end);
      ASSERT_EQ(share.begin, next);
      ASSERT_LE(share.begin, share.end);
      // What shapes its first block can be read from the span's beginning on.
      ASSERT_TRUE(share.begin == 0 || share.begin - kLookBack >= cuts[i]);
      ASSERT_EQ(share.begin % kBlock, 0);
      next = share.end;
    }
    ASSERT_EQ(next, INT64_MAX);
  }
}

TEST(Follow, GapsAreFilledOnAStraightLine) {
  const std::vector<SeenObject> sightings = {
      {0, {0, 0, 10, 20}}, {4, {8, 4, 18, 20}}, {9, {0, 0, 10, 20}}};
  const auto boxes = boxes_along(sightings, 3);
  ASSERT_EQ(boxes.size(), 6U);  // the second gap is too wide
  EXPECT_EQ(boxes[1].k, 1);
  EXPECT_FALSE(boxes[1].seen);
  EXPECT_EQ(boxes[1].box, (Box{2, 1, 12, 20}));
  EXPECT_EQ(boxes[5].k, 9);
}

media::GreyImage water(int seed) {
  std::mt19937 random(static_cast<uint32_t>(seed));
  media::GreyImage image{640, 360, std::vector<uint8_t>(640 * 360, 90)};
  // Tiles above; ripples below, in patches as large as those of a detector's missed heads.
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
  std::vector<media::GreyImage> pictures;
  for (int i = 0; i < 16; ++i) {
    pictures.push_back(water(i));
    for (int y = 250; y < 280; ++y)
      for (int x = 40 + 30 * i; x < 70 + 30 * i; ++x)
        pictures.back().grey[static_cast<size_t>(y * 640 + x)] = 20;
  }
  int found = 0, others = 0;
  const auto moving = find_moving(pictures);
  for (int i = 0; i < 16; ++i) {
    const Box swimmer{40.0 + 30 * i, 250, 30, 30};
    for (const Box& box : moving[static_cast<size_t>(i)]) {
      const bool same = intersection(box, swimmer) > 0.5 * swimmer.area();
      found += same ? 1 : 0;
      others += same ? 0 : 1;
    }
  }
  EXPECT_GE(found, 15);
  EXPECT_LE(others, 4);
}

TEST(Background, APlateIsWhatIsThereWhenNobodyIs) {
  std::vector<media::Image> pictures;
  for (int i = 0; i < 9; ++i) {
    media::Image image{40, 30, std::vector<uint8_t>(40 * 30 * 3, 100)};
    for (int y = 10; y < 20; ++y)
      for (int x = 4 * i; x < 4 * i + 6 && x < 40; ++x)
        for (int c = 0; c < 3; ++c) image.rgb[static_cast<size_t>(3 * (y * 40 + x) + c)] = 255;
    for (int x = 0; x < 40; ++x)
      image.rgb[static_cast<size_t>(3 * (29 * 40 + x) + 1)] =
          static_cast<uint8_t>(80 + 10 * (i % 5));
    pictures.push_back(std::move(image));
  }
  const Plate plate = make_plate(pictures);
  for (int i = 0; i < 40 * 29 * 3; ++i)
    ASSERT_EQ(plate.background.rgb[static_cast<size_t>(i)], 100);
  EXPECT_EQ(plate.activity.grey[15 * 40 + 20], 0);
  EXPECT_GE(plate.activity.grey[29 * 40 + 20], 10);
}

QualitySample sample(int64_t k, QualityFeatures features) { return {k, false, features}; }
constexpr QualityFeatures kGood{.mean = 110, .structure = 40, .detail = 0.6F, .change = 20};

TEST(Quality, FaultsBecomeStretchesOfTime) {
  std::vector<QualitySample> samples;
  for (int64_t k = 0; k < 40; ++k) {
    QualityFeatures features = kGood;
    if (k >= 10 && k < 20) features = {.mean = 3, .structure = 1, .detail = 0.6F, .change = 20};
    if (k >= 30) features.change = k < 33 ? 2 : 0;  // an encoder first polishes what stands still
    if (k == 5) features.change = 0;                // one that happens to be equal is no fault
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
  // Blue at its limit everywhere, as a gain of four makes of a pool; and the same water as it was.
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

}  // namespace
}  // namespace lido::scene
