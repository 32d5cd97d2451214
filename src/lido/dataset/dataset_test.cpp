// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/dataset.h"

#include "lido/base/json_text.h"
#include "lido/dataset/dataset_fixture.h"

namespace lido::dataset {
namespace {

using DatasetTest = DatasetFixture;

TEST_F(DatasetTest, OpensWhatItPublished) {
  const auto opened = Dataset::open(folder_.string());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->identity(), kOptions);
  EXPECT_EQ(opened->frame_rate()->value(), 1);
  EXPECT_EQ(*opened->latest(), 1);
  const auto generation = opened->read_latest();
  ASSERT_TRUE(generation) << generation.error().message;
  EXPECT_EQ(generation->number, 1);
  EXPECT_EQ(generation->samples, 8);
  EXPECT_EQ(generation->clips, 2);
  EXPECT_EQ(generation->rejected, 0);
  EXPECT_TRUE(generation->vocabulary.empty());
}

TEST_F(DatasetTest, AGenerationWithoutItsJsonDoesNotExist) {
  {
    auto tables = *dataset_->begin_tables(2);
    ASSERT_TRUE(tables.samples.commit());
  }
  EXPECT_EQ(*dataset_->latest(), 1);
  EXPECT_EQ(*dataset_->generations(), std::vector<int>{1});
}

TEST_F(DatasetTest, NamesTheGenerationsThereAre) {
  const auto none = dataset_->read(9);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(none.error().message.ends_with("no generation 9, want one of: 1"))
      << none.error().message;
}

TEST_F(DatasetTest, ReadsFramesAsTheyWereWritten) {
  const auto rows = samples(1);
  ASSERT_EQ(rows.size(), 8U);
  for (const SampleRow& row : rows) {
    const auto frames = dataset_->read_frames(row);
    ASSERT_TRUE(frames) << frames.error().message;
    ASSERT_EQ(frames->size(), 2U);
    for (size_t i = 0; i < 2; ++i)
      EXPECT_NEAR((*frames)[i].rgb[0], 20 * row.start_s + 10 * static_cast<double>(i), 2);
    EXPECT_FALSE(dataset_->read_context_image(row)->has_value()) << "a sample of whole frames";
  }
}

TEST_F(DatasetTest, RefusesASampleWhoseBytesChanged) {
  SampleRow row = samples(1)[1];
  std::string shard = read(row.shard);
  shard[static_cast<size_t>(row.offset) + 600] ^= 1;
  ASSERT_TRUE(dataset_->store().write_text(row.shard, shard));
  const auto changed = dataset_->read_sample(row);
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(changed.error().message.find("checksum"), std::string::npos);
  row.offset = std::ssize(shard) - 1;
  const auto outside = dataset_->read_sample(row);
  ASSERT_FALSE(outside);
  EXPECT_NE(outside.error().message.find("outside the shard"), std::string::npos);
}

TEST_F(DatasetTest, RefusesOtherOptionsByTheirFlag) {
  auto other = kOptions;
  other["window"] = 4;
  const auto opened = Dataset::open_matching(folder_.string(), other);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(opened.error().message.ends_with(
      "the dataset has --window 2, got 4. Give the dataset's value or another --out."))
      << opened.error().message;
  EXPECT_TRUE(Dataset::open_matching(folder_.string(), kOptions)->has_value());
}

TEST_F(DatasetTest, RefusesAFolderOfOtherFiles) {
  std::filesystem::remove(folder_ / "lido.json");
  EXPECT_EQ(Dataset::open(folder_.string()).error().code, ErrorCode::kNotFound);
  const auto created = Dataset::open_or_create(folder_.string(), kOptions);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "lido.json"));
}

TEST_F(DatasetTest, RefusesARootFileThatDoesNotParse) {
  for (const char* text : {"{", "[]", "{}", R"({"format": "2", "options": {}})", R"({"format": 1})",
                           R"({"format": 0, "options": {}})"}) {
    ASSERT_TRUE(dataset_->store().write_text("lido.json", text));
    const auto opened = Dataset::open(folder_.string());
    ASSERT_FALSE(opened) << text;
    EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt) << text;
  }
}

TEST_F(DatasetTest, RefusesANewerFormat) {
  ASSERT_TRUE(dataset_->store().write_text("lido.json", R"({"format": 3, "options": {}})"));
  const auto opened = Dataset::open(folder_.string());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(opened.error().message.find("format 3, want 1 to 2. Install a newer"),
            std::string::npos)
      << opened.error().message;
}

TEST_F(DatasetTest, ReadsOptionsByTheirFormerNames) {
  ASSERT_TRUE(dataset_->store().write_text(
      "lido.json",
      R"({"format": 1, "options": {"a": 1, "faint_score": 0.2, "max_overlap": 0.6}})"));
  const auto opened = Dataset::open(folder_.string());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(json_text(opened->identity()), R"({"a":1,"low_score":0.2,"nms_iou":0.6})");
}

TEST_F(DatasetTest, AnOptionAddedSinceHasItsDefault) {
  ASSERT_TRUE(dataset_->store().write_text(
      "lido.json",
      R"({"format": 1, "options": {"new_score": 0.5, "lost_s": 3.0, "quality": 90}})"));
  EXPECT_EQ(json_text(Dataset::open(folder_.string())->identity()),
            R"({"new_score":0.5,"lost_s":3.0,"faint_s":60.0,"quality":90})");
  ASSERT_TRUE(dataset_->store().write_text(
      "lido.json", R"({"format": 1, "options": {"lost_s": 3.0, "faint_s": 5.0}})"));
  EXPECT_EQ(json_text(Dataset::open(folder_.string())->identity()),
            R"({"lost_s":3.0,"faint_s":5.0})");
}

TEST_F(DatasetTest, AGenerationWithoutAFormatIsOfFormat1) {
  EXPECT_EQ(dataset_->read(1)->format, kFormat);
  std::string text = read("generations/000001/generation.json");
  text.replace(text.find("\"format\""), 8, "\"other\"");
  ASSERT_TRUE(dataset_->store().write_text("generations/000001/generation.json", text));
  EXPECT_EQ(dataset_->read(1)->format, 1);
}

TEST_F(DatasetTest, RefusesAGenerationThatDoesNotParse) {
  for (const char* text : {"{", "[]", R"({"samples": "many"})"}) {
    ASSERT_TRUE(dataset_->store().write_text("generations/000001/generation.json", text));
    const auto read = dataset_->read(1);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::kCorrupt) << text;
  }
}

TEST_F(DatasetTest, ForgottenStretchesComeBackWithTheirEnd) {
  EXPECT_TRUE(dataset_->forgotten()->empty());
  Forgotten part{"/pool/a.mp4", 1, 2.5, 3, {"x.tar 12"}, {"y.tar 34"}, "ab12", 4, 5, 6};
  part.seen_by = {"model 7"};
  part.done = false;
  const Forgotten rest{.clip = "/pool/b.mp4", .end_s = INFINITY};
  ASSERT_TRUE(dataset_->write_forgotten({part, rest}));
  const auto read = *dataset_->forgotten();
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].end_s, 2.5);
  EXPECT_EQ(read[0].shards_after, part.shards_after);
  EXPECT_EQ(read[0].fingerprint, "ab12");
  EXPECT_EQ(read[0].rows, 4);
  EXPECT_EQ(read[0].views, 5);
  EXPECT_EQ(read[0].plates, 6);
  EXPECT_EQ(read[0].seen_by, part.seen_by);
  EXPECT_FALSE(read[0].done);
  EXPECT_EQ(read[1].end_s, INFINITY);
  EXPECT_TRUE(read[1].done);
}

TEST(Forgotten, RemovesTheFramesOnShow) {
  const Forgotten record{.start_s = 2, .end_s = 3};
  EXPECT_TRUE(record.removes(2, 2.2, 0.04));
  EXPECT_TRUE(record.removes(2.9, 7, 0.04)) << "sampled later, and still the frame of 2.9 s";
  EXPECT_FALSE(record.removes(3, 3, 0.04)) << "the end is exclusive";
  EXPECT_TRUE(record.removes(1, 2, 0.04)) << "on show at 2 s for certain";
  EXPECT_TRUE(record.removes(1.98, 1.99, 0.04)) << "on show until 2.02 s";
  EXPECT_FALSE(record.removes(1.9, 1.95, 0.04));
}

TEST(RejectedRow, IsRetriedUnlessTheContentIsTheCause) {
  const auto row = [](const char* kind, int64_t samples_kept) {
    return RejectedRow{"/a.mp4", "reason", 0, samples_kept, kind};
  };
  EXPECT_TRUE(row("outside", 0).is_retried());
  EXPECT_FALSE(row("content", 0).is_retried());
  // Earlier versions stored no kind, and kept samples from before the error.
  EXPECT_TRUE(row("", 0).is_retried());
  EXPECT_FALSE(row("", 3).is_retried());
}

}  // namespace
}  // namespace lido::dataset
