// SPDX-License-Identifier: Apache-2.0
#include "lido/loader/order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace lido::loader {
namespace {

constexpr int kChunks = 100;

/// Chunks of 1 to 7 samples, of 1000 bytes each.
std::vector<Chunk> some_chunks() {
  std::vector<Chunk> chunks;
  int64_t first = 0;
  for (int i = 0; i < kChunks; ++i) {
    const int32_t samples = i % 7 + 1;
    chunks.push_back(
        {.shard = i / 10, .samples = samples, .first = first, .bytes = 1000 * samples});
    first += samples;
  }
  return chunks;
}

/// Numbers of all samples, in the order.
std::vector<int64_t> numbers(const std::vector<Chunk>& chunks, const EpochOrder& order) {
  std::vector<int64_t> all;
  for (const ChunkPool& pool : order.pools()) {
    for (const ChunkSample& place : order.places(pool, pool.begin, pool.end))
      all.push_back(chunks[place.chunk].first + place.sample);
  }
  return all;
}

TEST(EpochOrder, HoldsEachSampleOnce) {
  const auto chunks = some_chunks();
  for (const bool shuffle : {false, true}) {
    for (const int64_t pool_bytes : {1, 20'000, 1'000'000}) {
      auto all = numbers(chunks, EpochOrder(chunks, {shuffle, 5, 2, pool_bytes}));
      std::ranges::sort(all);
      ASSERT_EQ(std::ssize(all), chunks.back().first + chunks.back().samples);
      for (int64_t i = 0; i < std::ssize(all); ++i) EXPECT_EQ(all[i], i);
    }
  }
}

TEST(EpochOrder, IsThatOfTheShardsWithoutShuffling) {
  const auto chunks = some_chunks();
  const auto all = numbers(chunks, EpochOrder(chunks, {.shuffle = false, .pool_bytes = 20'000}));
  EXPECT_TRUE(std::ranges::is_sorted(all));
}

TEST(EpochOrder, DependsOnSeedAndEpochOnly) {
  const auto chunks = some_chunks();
  const auto order_of = [&](uint64_t seed, int64_t epoch) {
    return numbers(chunks, EpochOrder(chunks, {true, seed, epoch, 20'000}));
  };
  EXPECT_EQ(order_of(1, 3), order_of(1, 3));
  EXPECT_NE(order_of(1, 3), order_of(1, 4));
  EXPECT_NE(order_of(1, 3), order_of(2, 3));
}

// A random order of n samples has n / 2 descents on average, with a variance of n / 12.
TEST(EpochOrder, MixesTheSamplesOfAPoolEvenly) {
  const auto chunks = some_chunks();
  const auto all = numbers(chunks, EpochOrder(chunks, {true, 1, 0, 1'000'000}));
  int descents = 0;
  for (size_t i = 1; i < all.size(); ++i) descents += all[i] < all[i - 1] ? 1 : 0;
  EXPECT_NEAR(descents, static_cast<double>(all.size()) / 2,
              6 * std::sqrt(static_cast<double>(all.size()) / 12));
}

TEST(EpochOrder, PoolsHoldAboutTheBytesAskedFor) {
  const auto chunks = some_chunks();
  const EpochOrder order(chunks, {true, 1, 0, 20'000});
  ASSERT_GT(order.pools().size(), 10U);
  for (size_t i = 0; i < order.pools().size(); ++i) {
    const ChunkPool& pool = order.pools()[i];
    EXPECT_LT(pool.bytes, 20'000 + 7'000);
    if (i + 1 == order.pools().size()) break;
    EXPECT_GE(pool.bytes, 20'000);
    EXPECT_EQ(pool.end, order.pools()[i + 1].begin);
  }
  // Chunks come from all shards early on, not from one after another.
  std::set<int32_t> shards;
  const ChunkPool& pool = order.pools().front();
  for (const ChunkSample& place : order.places(pool, pool.begin, pool.end))
    shards.insert(chunks[place.chunk].shard);
  EXPECT_GE(shards.size(), 3U);
}

TEST(EpochOrder, GivesAnyPartOfAPool) {
  const auto chunks = some_chunks();
  const EpochOrder order(chunks, {true, 1, 0, 20'000});
  const ChunkPool& pool = order.pools()[1];
  const auto all = order.places(pool, pool.begin, pool.end);
  const auto part = order.places(pool, pool.begin + 3, pool.begin + 6);
  EXPECT_TRUE(std::ranges::equal(part, std::span(all).subspan(3, 3)));
}

}  // namespace
}  // namespace lido::loader
