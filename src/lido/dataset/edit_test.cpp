// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/edit.h"

#include "lido/dataset/dataset_fixture.h"

namespace lido::dataset {
namespace {

using Edit = DatasetFixture;

TEST_F(Edit, ForgettingLeavesNoByteOfTheSamples) {
  const auto before = samples(1);
  const auto summary = forget(*dataset_, "a.mp4", 2, 4);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->generation, 2);
  EXPECT_EQ(summary->samples, 1);
  EXPECT_EQ(summary->shards, 1);
  EXPECT_EQ(summary->shards_checked, 2);
  const auto after = samples(2);
  ASSERT_EQ(after.size(), 7U);
  for (const SampleRow& row : after) {
    EXPECT_NE(row.sample, "a_00000002");
    EXPECT_TRUE(dataset_->read_sample(row)) << row.sample;
  }
  EXPECT_EQ(after[1].sha256, before[2].sha256) << "kept samples keep their bytes";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
    if (!entry.is_regular_file()) continue;
    const std::string bytes = read(std::filesystem::relative(entry, folder_).string());
    EXPECT_EQ(bytes.find("a_00000002"), std::string::npos) << entry.path();
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "generations/000001"));
  const auto records = *dataset_->forgotten();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].clip, "/pool/a.mp4");
  EXPECT_EQ(records[0].samples, 1);
  EXPECT_NE(records[0].shards_before, records[0].shards_after);
}

TEST_F(Edit, ForgettingAgainKeepsOneRecord) {
  ASSERT_TRUE(forget(*dataset_, "a.mp4", 2, 4));
  const auto again = forget(*dataset_, "a.mp4", 2, 4);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->samples, 0);
  EXPECT_EQ(again->generation, 2);
  EXPECT_EQ(dataset_->forgotten()->size(), 1U);
}

TEST_F(Edit, ForgettingAWholeClipRemovesItsShard) {
  const std::string shard = samples(1)[0].shard;
  const auto summary = forget(*dataset_, "a.mp4", 0, INFINITY);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->samples, 4);
  EXPECT_EQ(summary->shards_checked, 1);
  EXPECT_FALSE(std::filesystem::exists(folder_ / shard));
}

TEST_F(Edit, ForgettingWhatIsNotThereChangesNothing) {
  EXPECT_EQ(forget(*dataset_, "gone.mp4", 0, 1).error().code, ErrorCode::kNotFound);
  for (const auto& [start_s, end_s] : {std::pair{3.0, 2.0}, {-1.0, 2.0}, {NAN, 2.0}, {1.0, NAN}})
    EXPECT_EQ(forget(*dataset_, "a.mp4", start_s, end_s).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(samples(1).size(), 8U);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "forgotten.json"));
}

TEST_F(Edit, ForgettingFindsBytesThatNoSampleOwns) {
  const std::string shard = samples(1)[7].shard;
  ASSERT_TRUE(dataset_->store().write_text(shard, read(shard) + "left over"));
  const auto summary = forget(*dataset_, "a.mp4", 2, 4);
  ASSERT_FALSE(summary) << "the other shard holds bytes of no sample";
  EXPECT_EQ(summary.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(summary.error().message.find("9 byte(s) belong to no sample"), std::string::npos);
}

}  // namespace
}  // namespace lido::dataset
