// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/batches.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "lido/ingest/test_store_folder.h"

namespace lido::ingest {
namespace {

constexpr const char* kFolder = ".work/runs/1/batches";

/// Clips of one span each, of the given sizes.
std::unique_ptr<ClipDb> clips_of(const std::vector<int64_t>& sizes) {
  auto clips = *ClipDb::open();
  for (size_t i = 0; i < sizes.size(); ++i)
    EXPECT_TRUE(
        clips->add_clip({.input = {.uri = fmt::format("/{:03}.mp4", i), .bytes = sizes[i]}}));
  EXPECT_TRUE(clips->number_clips());
  for (size_t i = 0; i < sizes.size(); ++i) {
    ClipRecord clip{.number = i, .plan = {.input = *clips->input(i), .spans = {{}}}};
    clip.span_parts = {fmt::format(".work/parts/{:03}", i)};
    EXPECT_TRUE(clips->store_plan(clip));
  }
  return clips;
}

TEST(Batches, HoldEverySpanOnceTheLargestFirst) {
  TestStoreFolder folder;
  std::vector<int64_t> sizes(100);
  std::iota(sizes.begin(), sizes.end(), 1'000'000);
  const auto clips = clips_of(sizes);
  const auto batches = *write_batches(*clips, folder.store(), kFolder, 2);
  EXPECT_GT(batches.size(), 8U);
  std::set<std::string> seen;
  int64_t previous = INT64_MAX;
  for (const SpanBatch& batch : batches) {
    const auto spans = *read_batch(folder.store(), batch.name);
    EXPECT_EQ(std::ssize(spans), batch.spans);
    int64_t bytes = 0;
    for (const BatchSpan& span : spans) {
      EXPECT_LE(span.bytes, previous);
      previous = span.bytes;
      bytes += span.bytes;
      seen.insert(span.clip);
      EXPECT_EQ(part::parse_span_task(span.task)->clip.uri, span.clip);
    }
    EXPECT_EQ(bytes, batch.bytes);
  }
  EXPECT_EQ(seen.size(), 100U);
}

TEST(Batches, LeaveOutSpansWithAPart) {
  TestStoreFolder folder;
  const auto clips = clips_of({10, 20, 30});
  ASSERT_TRUE(folder.store().write_text(".work/parts/001", "x"));
  const auto batches = *write_batches(*clips, folder.store(), kFolder, 1);
  std::vector<std::string> found;
  for (const SpanBatch& batch : batches) {
    const auto spans = *read_batch(folder.store(), batch.name);
    for (const BatchSpan& span : spans) found.push_back(span.clip);
  }
  EXPECT_EQ(found, (std::vector<std::string>{"/002.mp4", "/000.mp4"}));
}

TEST(Batches, OfTinySpansHoldMany) {
  TestStoreFolder folder;
  const auto clips = clips_of(std::vector<int64_t>(64, 10));
  // Each span costs 128 KiB at least: 64 spans over 8 batches for each of 2 workers.
  EXPECT_EQ(write_batches(*clips, folder.store(), kFolder, 2)->size(), 16U);
}

TEST(Batches, WrittenAgainReplaceTheEarlierOnes) {
  TestStoreFolder folder;
  const auto clips = clips_of(std::vector<int64_t>(64, 10));
  ASSERT_TRUE(write_batches(*clips, folder.store(), kFolder, 2));
  const auto batches = *write_batches(*clips, folder.store(), kFolder, 1);
  EXPECT_EQ(folder.files(kFolder), std::ssize(batches));
}

TEST(Batches, ABadLineIsNamed) {
  TestStoreFolder folder;
  for (const char* text : {"x\n", "1\n", "1 2\n", "1 2 {}\n"}) {
    ASSERT_TRUE(folder.store().write_text("b", text));
    const auto read = read_batch(folder.store(), "b");
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
    EXPECT_TRUE(read.error().message.starts_with("b: line 1: ")) << read.error().message;
  }
}

}  // namespace
}  // namespace lido::ingest
