// SPDX-License-Identifier: Apache-2.0
#include "lido/loader/fetch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "lido/loader/test_dataset.h"

namespace lido::loader {
namespace {

TEST(ChunkFetcher, GivesTheBytesOfEachSample) {
  const TestDataset data(2, 40, 100'000);
  const auto dataset = data.open();
  const auto index = *SampleIndex::make(dataset, 1, {});
  std::vector<uint32_t> numbers;
  for (size_t i = index.chunks().size(); i-- > 0;) numbers.push_back(static_cast<uint32_t>(i));
  const auto chunks = ChunkFetcher(dataset, index).fetch(numbers, {});
  ASSERT_TRUE(chunks) << chunks.error().message;
  size_t samples = 0;
  for (const auto& chunk : *chunks) {
    for (size_t i = 0; i < chunk->rows.size(); ++i, ++samples) {
      const auto bytes = chunk->sample(i);
      const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      EXPECT_EQ(sha256_hex(text), chunk->rows[i].sha256);
    }
  }
  EXPECT_EQ(samples, 80U);
  EXPECT_EQ((*chunks)[0]->rows.back().sample, TestDataset::key(1, 39));
}

TEST(ChunkFetcher, NamesAShardThatIsCutOffOrMissing) {
  const TestDataset data(1, 5);
  const auto dataset = data.open();
  const auto index = *SampleIndex::make(dataset, 1, {});
  const std::vector<uint32_t> numbers = {0};
  std::filesystem::resize_file(data.shard(0), 5000);
  const auto cut = ChunkFetcher(dataset, index).fetch(numbers, {});
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(cut.error().message.starts_with(data.shard(0).string() + ": 5000 bytes, want "))
      << cut.error().message;
  std::filesystem::remove(data.shard(0));
  const auto missing = ChunkFetcher(dataset, index).fetch(numbers, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
}

TEST(HeldBytes, WaitsUntilBytesAreReleased) {
  HeldBytes held(100);
  ASSERT_TRUE(held.acquire(500, {})) << "what is larger than the limit is taken alone";
  std::atomic<bool> is_released = false;
  std::jthread waiting([&] {
    ASSERT_TRUE(held.acquire(60, {}));
    EXPECT_TRUE(is_released) << "it did not wait";
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  is_released = true;
  held.release(500);
  waiting.join();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(held.acquire(60, stop.get_token()).error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(held.acquire(40, {}));
}

}  // namespace
}  // namespace lido::loader
