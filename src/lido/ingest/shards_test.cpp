// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/shards.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace lido::ingest {
namespace {

std::unique_ptr<ClipDb> with_samples(const std::vector<ClipSamples>& samples) {
  auto clips = *ClipDb::open();
  for (const ClipSamples& one : samples) EXPECT_TRUE(clips->record_samples("train", one));
  return clips;
}

std::vector<Shard> divided(ClipDb& clips, double shard_mb, int readers = 1) {
  return *divide(clips, "train", {.shard_mb = shard_mb, .readers = readers}, 3);
}

TEST(Divide, ASampleGoesWhereItsMiddleByteFalls) {
  // 1000 bytes in two shards: the middles of 300, 300, 400 are 150, 450 and 800.
  const auto clips = with_samples({{2, {300, 300, 400}, {3}}});
  const auto shards = divided(*clips, 0.0005);
  ASSERT_EQ(shards.size(), 2U);
  EXPECT_EQ(shards[0].first, (SamplePlace{2, 0}));
  EXPECT_EQ(shards[0].end, (SamplePlace{2, 2}));
  EXPECT_EQ(shards[1].first, (SamplePlace{2, 2}));
  EXPECT_EQ(shards[1].end, (SamplePlace{2, 3}));
}

TEST(Divide, NamesShardsByGenerationSplitAndNumber) {
  const auto clips = with_samples({{0, {500, 500}, {2}}});
  const auto shards = divided(*clips, 0.0005);
  ASSERT_EQ(shards.size(), 2U);
  EXPECT_EQ(shards[1].name, "shards/g000003-train-000001.tar");
}

TEST(Divide, ThereAreNeverMoreShardsThanSamples) {
  const auto clips = with_samples({{0, {10, 10}, {2}}, {1, {10}, {1}}});
  EXPECT_EQ(divided(*clips, 1, 8).size(), 3U);
}

TEST(Divide, ASplitWithoutSamplesHasNoShards) {
  const auto clips = with_samples({});
  EXPECT_TRUE(divided(*clips, 1, 8).empty());
}

TEST(Divide, ShardsHoldEverySampleOnceAndAreEqualToWithinOne) {
  std::mt19937 random(4);
  for (int round = 0; round < 50; ++round) {
    std::vector<ClipSamples> samples;
    std::vector<SamplePlace> places;
    std::map<std::pair<size_t, size_t>, double> bytes;
    double total = 0, largest = 0;
    for (size_t clip = 0; clip < 20; clip += 1 + random() % 3) {
      ClipSamples of_clip{.clip = clip};
      for (size_t i = 0, count = 1 + random() % 30; i < count; ++i) {
        of_clip.lengths.push_back(static_cast<uint32_t>(1000 + random() % 2000));
        places.push_back({clip, i});
        bytes[{clip, i}] = of_clip.lengths.back();
        total += of_clip.lengths.back();
        largest = std::max<double>(largest, of_clip.lengths.back());
      }
      of_clip.part_counts = {static_cast<uint32_t>(of_clip.lengths.size())};
      samples.push_back(of_clip);
    }
    const auto clips = with_samples(samples);
    const int readers = 1 + static_cast<int>(random() % 4);
    const auto shards = divided(*clips, 0.02, readers);
    ASSERT_EQ(shards.size() % static_cast<size_t>(readers), 0U);
    size_t at = 0;
    for (const Shard& shard : shards) {
      ASSERT_EQ(shard.first, places[at]);
      double size = 0;
      for (;; ++at) {
        size += bytes[{places[at].clip, places[at].number}];
        if (places[at].clip == shard.end.clip && places[at].number + 1 == shard.end.number) break;
      }
      ++at;
      EXPECT_NEAR(size, total / static_cast<double>(shards.size()), largest);
    }
    ASSERT_EQ(at, places.size());
  }
}

}  // namespace
}  // namespace lido::ingest
