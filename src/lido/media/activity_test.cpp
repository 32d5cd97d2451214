// SPDX-License-Identifier: Apache-2.0
#include "lido/media/activity.h"

#include <gtest/gtest.h>

#include <random>

namespace lido::media {
namespace {

/// Cells of noise that hardly shows once averaged.
CellMeans cells(unsigned seed, float brightness = 90) {
  CellMeans made{20, 11, std::vector<float>(220)};
  std::mt19937 random(seed);
  std::normal_distribution<float> noise(brightness, 0.5F);
  for (float& mean : made.means) mean = noise(random);
  return made;
}

// The tests below count in these; users know them from decision 10 and docs/formats.md.
TEST(Activity, CountsAsTheDocumentsSay) {
  EXPECT_EQ(kSegmentSamples, 2048);
  EXPECT_EQ(kIntervalSamples, 32);
  EXPECT_EQ(kBatchSamples, 8);
  EXPECT_EQ(kLingerSamples, 32);
}

TEST(CellsDiffer, WherePlacesChangeAndNotByNoiseOrLight) {
  for (unsigned seed = 1; seed < 200; ++seed) {
    EXPECT_FALSE(cells_differ(cells(seed), cells(seed + 1000))) << seed;
    EXPECT_FALSE(cells_differ(cells(seed), cells(seed + 1000, 97))) << "a cloud, " << seed;
    CellMeans moved = cells(seed + 1000);
    moved.means[50] += 6;
    moved.means[51] -= 6;
    EXPECT_TRUE(cells_differ(cells(seed), moved)) << seed;
  }
  CellMeans one = cells(1);
  one.means[219] += 12;
  EXPECT_TRUE(cells_differ(cells(2), one));
  CellMeans edges = cells(3);
  edges.means[19] += 6;
  edges.means[20] += 6;
  EXPECT_FALSE(cells_differ(cells(4), edges)) << "ends of two rows are not side by side";
  EXPECT_TRUE(cells_differ(cells(1), CellMeans{})) << "of another size";
}

/// Two groups of two seconds, 30 frames a second.
std::vector<PacketSize> packets(int64_t key, int64_t others) {
  std::vector<PacketSize> made;
  for (int i = 0; i < 120; ++i) {
    const bool is_key = i % 60 == 0;
    // After a key frame the others begin at twice their later size.
    const int64_t bytes = is_key ? key : others + others * std::max(0, 20 - i % 60) / 20 + i % 7;
    made.push_back({i / 60, i % 60 * 100, is_key ? PacketSize::kKey : 0, bytes});
  }
  return made;
}

TEST(SizesSuggestMotion, WhereTheyRiseOrDiffer) {
  constexpr int64_t kHalf = 1500;
  const auto quiet = packets(20000, 300);
  EXPECT_FALSE(sizes_suggest_motion(quiet, kHalf));
  EXPECT_FALSE(sizes_suggest_motion(std::span(quiet).first(60), kHalf));
  EXPECT_FALSE(sizes_suggest_motion(std::span(quiet).first(1), kHalf));
  for (const size_t at : {5, 30, 65, 100}) {
    auto moved = quiet;
    for (size_t i = at; i < at + 15; ++i) moved[i].bytes += 500;
    EXPECT_TRUE(sizes_suggest_motion(moved, kHalf)) << at;
  }
  auto empty = packets(20000, 0);
  for (size_t i = 70; i < 80; ++i) empty[i].bytes = 60;
  EXPECT_FALSE(sizes_suggest_motion(empty, kHalf)) << "empty packets differ by some bytes";
}

TEST(SizesSuggestMotion, AtAConstantBitRate) {
  EXPECT_TRUE(sizes_suggest_motion(packets(6000, 1100), 1500));
}

TEST(BlockMotionDetector, FindsBlocksThatKeepTheirDirection) {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> any(-6, 6);
  std::uniform_int_distribution<int> place(0, 319);
  BlockMotionDetector blocks;
  for (int frame = 0; frame < 500; ++frame) {
    std::vector<BlockVector> noise;
    // An encoder predicts a block's vector from its neighbours': three by three move alike.
    const int x = place(random), y = place(random);
    const float dx = any(random), dy = any(random);
    for (int i = 0; i < 9; ++i) noise.push_back({x + i % 3 * 16, y + i / 3 * 16, dx, dy});
    EXPECT_FALSE(blocks.push(320, 180, noise)) << frame;
  }
  int needed = 0;
  for (int x = 60; x < 200; x += 2, ++needed) {
    const std::vector<BlockVector> body = {
        {x, 90, 2, 0}, {x + 16, 90, 2, 0}, {x, 106, 2, 0}, {x + 16, 106, 2, 0}};
    if (blocks.push(320, 180, body)) break;
  }
  EXPECT_LE(needed, 6) << "frames";
}

class Gate : public testing::Test {
 protected:
  void push(int64_t first, int64_t end, bool moved = false, bool always = false, bool cut = false) {
    const auto emit = [this](const SampleRange& times, bool after_cut,
                             const Frame&) -> Result<void> {
      for (int64_t k = times.first; k < times.end; ++k) passed.push_back(k);
      cuts.push_back(after_cut);
      return {};
    };
    EXPECT_TRUE(gate.push({first, end}, cut, moved, always, Frame{}, emit));
  }
  ActivityGate gate{kLingerSamples};
  std::vector<int64_t> passed;
  std::vector<bool> cuts;
};

TEST_F(Gate, PassesWholeBatchesAndLingers) {
  const int64_t moving = 131;
  for (int64_t k = 0; k < 256; ++k) push(k, k + 1, k == moving);
  gate.drop();
  std::vector<int64_t> wanted;
  for (int64_t k = 0; k < kLingerSamples; ++k) wanted.push_back(k);  // a segment begins
  for (int64_t k = moving / kBatchSamples * kBatchSamples; k < moving + kLingerSamples; ++k)
    wanted.push_back(k);
  EXPECT_EQ(passed, wanted);
  EXPECT_EQ(gate.skipped(), (std::vector<SkippedRange>{{32, 128, true}, {163, 256, true}}));
}

TEST_F(Gate, OpensAtEachSegmentEvenWithinAFrame) {
  push(kSegmentSamples - 20, kSegmentSamples + 5);
  EXPECT_EQ(passed, (std::vector<int64_t>{2048, 2049, 2050, 2051, 2052}));
  EXPECT_EQ(gate.skipped(),
            (std::vector<SkippedRange>{{kSegmentSamples - 20, kSegmentSamples, true}}));
  EXPECT_TRUE(gate.is_open(kSegmentSamples + kLingerSamples - 1));
  EXPECT_FALSE(gate.is_open(kSegmentSamples + kLingerSamples));
}

TEST_F(Gate, KeepsACutWhenItsFrameIsDropped) {
  push(100, 101, false, false, true);
  push(110, 111, true);
  EXPECT_EQ(passed, (std::vector<int64_t>{110}));
  EXPECT_EQ(cuts, (std::vector<bool>{true}));
}

TEST_F(Gate, PassesTheFirstFrameOfASkippedInterval) {
  push(100, 101);
  push(101, 102, false, true);
  gate.skip(102, 140);
  EXPECT_EQ(passed, (std::vector<int64_t>{101}));
  EXPECT_EQ(gate.skipped(), (std::vector<SkippedRange>{{100, 101, true}, {102, 140, false}}));
}

}  // namespace
}  // namespace lido::media
