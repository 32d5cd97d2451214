// SPDX-License-Identifier: Apache-2.0
#include "lido/loader/index.h"

#include <gtest/gtest.h>

#include "lido/loader/test_dataset.h"

namespace lido::loader {
namespace {

/// Publishes a generation of some rows of the first, each changed.
int republish(const TestDataset& data, const std::function<bool(dataset::SampleRow&)>& change) {
  auto dataset = data.open();
  auto tables = *dataset.begin_tables(2);
  EXPECT_TRUE(dataset.visit<dataset::SampleRow>(1, [&](dataset::SampleRow& row) -> Result<void> {
    if (!change(row)) return {};
    return tables.samples.append(row);
  }));
  EXPECT_TRUE(dataset.publish({.number = 2}, tables));
  return 2;
}

TEST(SampleIndex, HasTheRowsInTheOrderOfShards) {
  const TestDataset data(3, 20);
  const auto index = SampleIndex::make(data.open(), 1, {});
  ASSERT_TRUE(index) << index.error().message;
  EXPECT_EQ(index->samples(), 60);
  int64_t number = 0;
  for (const Chunk& chunk : index->chunks()) {
    EXPECT_EQ(chunk.first, number);
    const auto rows = *index->rows(chunk);
    ASSERT_EQ(std::ssize(rows), chunk.samples);
    for (const auto& row : rows) {
      EXPECT_EQ(row.sample,
                TestDataset::key(static_cast<int>(number / 20), static_cast<int>(number % 20)));
      EXPECT_EQ(row.shard, index->shards()[static_cast<size_t>(chunk.shard)]);
      EXPECT_EQ(row.labels.size(), 1U);
      EXPECT_GE(row.offset, chunk.offset);
      EXPECT_LE(row.offset + row.length, chunk.offset + chunk.bytes);
      ++number;
    }
  }
  EXPECT_EQ(number, 60);
}

TEST(SampleIndex, ChunksAreAboutAMebibyte) {
  const TestDataset data(1, 40, 300'000);
  const auto index = SampleIndex::make(data.open(), 1, {});
  ASSERT_TRUE(index);
  // Three samples of 303 kB fit, a fourth does not.
  ASSERT_EQ(index->chunks().size(), 14U);
  for (const Chunk& chunk : index->chunks()) EXPECT_LE(chunk.bytes, 1 << 20);
}

TEST(SampleIndex, SkipsLargeStretchesOfOtherSamples) {
  const TestDataset data(1, 40, 20'000);
  const int generation = republish(data, [](dataset::SampleRow& row) {
    return row.sample < TestDataset::key(0, 3) || row.sample > TestDataset::key(0, 35);
  });
  const auto index = SampleIndex::make(data.open(), generation, {});
  ASSERT_TRUE(index);
  ASSERT_EQ(index->chunks().size(), 2U);
  EXPECT_EQ(index->chunks()[0].samples, 3);
  EXPECT_EQ(index->chunks()[1].samples, 4);
}

TEST(SampleIndex, TakesOneSplitAndOneKind) {
  const TestDataset data(1, 10);
  const int generation = republish(data, [](dataset::SampleRow& row) {
    if (row.sample < TestDataset::key(0, 3)) row.split = "val";
    if (row.sample > TestDataset::key(0, 7)) row.track = 4;
    if (row.sample == TestDataset::key(0, 3)) row.track = 1, row.source = "motion";
    return true;
  });
  const auto samples = [&](const char* split, const char* kind) {
    const auto index =
        SampleIndex::make(data.open(), generation, {.split = split, .samples = kind});
    return index ? index->samples() : -1;
  };
  EXPECT_EQ(samples("train", "all"), 7);
  EXPECT_EQ(samples("train", "person"), 2);
  EXPECT_EQ(samples("train", "frame"), 4);
  EXPECT_EQ(samples("val", "all"), 3);
  const auto none = SampleIndex::make(data.open(), generation, {.split = "test"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kDegenerate);
  EXPECT_EQ(none.error().message, data.uri() + ": no samples in the split test");
}

TEST(SampleIndex, ItsChecksumIsThatOfTheSamplesAndNotOfTheirLabels) {
  const TestDataset data(2, 5);
  const std::string before = SampleIndex::make(data.open(), 1, {})->data();
  EXPECT_EQ(before, SampleIndex::make(TestDataset(2, 5).open(), 1, {})->data());
  const TestDataset relabelled(2, 5);
  republish(relabelled, [](dataset::SampleRow& row) {
    row.labels.clear();
    return true;
  });
  EXPECT_EQ(before, SampleIndex::make(relabelled.open(), 2, {})->data());
  EXPECT_NE(before, SampleIndex::make(TestDataset(2, 6).open(), 1, {})->data());
}

TEST(SampleIndex, RefusesAnImpossiblePlace) {
  for (const auto& [offset, length] : std::vector<std::pair<int64_t, int64_t>>{
           {-1, 10}, {0, 0}, {0, int64_t{1} << 40}, {INT64_MAX, 10}}) {
    const TestDataset data(1, 2);
    republish(data, [&](dataset::SampleRow& row) {
      row.offset = offset;
      row.length = length;
      return true;
    });
    const auto index = SampleIndex::make(data.open(), 2, {});
    ASSERT_FALSE(index);
    EXPECT_EQ(index.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(index.error().message.find("sample 0_0000"), std::string::npos);
  }
}

}  // namespace
}  // namespace lido::loader
