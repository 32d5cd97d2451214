// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <limits>

#include "lido/base/test_folder.h"
#include "lido/dataset/sample_tables.h"
#include "lido/dataset/scene_tables.h"
#include "lido/dataset/table.h"

namespace lido::dataset {
namespace {

class Tables : public testing::Test {
 protected:
  void SetUp() override { store_ = *storage::open_store(folder_.string()); }

  TestFolder folder_;
  std::unique_ptr<storage::Store> store_;
};

/// Every column differs from its default.
SampleRow row_number(int64_t number) {
  SampleRow row;
  row.sample = fmt::format("abc_{:08}", number);
  row.split = "train";
  row.offset = number * 1000;
  row.pts = {number, number + 1};
  row.start_s = static_cast<double>(number) / 4;
  if (number % 2 == 0) row.start_utc = UtcTime{number};
  if (number % 3 == 0)
    row.labels = {{"behaviour", "swimming", 0.5, "7", {1, 2, 3, 4}}, {"age", "child", 1, "", {}}};
  return row;
}

TEST_F(Tables, ComeBackRowByRowOverManyRowGroups) {
  constexpr int64_t kRows = 5000;
  auto writer = *TableWriter<SampleRow>::create(*store_, "t.parquet");
  for (int64_t i = 0; i < kRows; ++i) ASSERT_TRUE(writer.append(row_number(i)));
  EXPECT_EQ(writer.rows(), kRows);
  EXPECT_FALSE(*store_->exists("t.parquet")) << "nothing before commit";
  ASSERT_TRUE(writer.commit());
  int64_t next = 0;
  const auto visited = visit_table<SampleRow>(*store_, "t.parquet", [&](SampleRow& row) {
    const SampleRow expected = row_number(next++);
    EXPECT_EQ(row.sample, expected.sample);
    EXPECT_EQ(row.offset, expected.offset);
    EXPECT_EQ(row.pts, expected.pts);
    EXPECT_EQ(row.start_s, expected.start_s);
    EXPECT_EQ(row.start_utc, expected.start_utc);
    EXPECT_EQ(row.labels, expected.labels);
    return Result<void>();
  });
  EXPECT_TRUE(visited);
  EXPECT_EQ(next, kRows);
}

TEST_F(Tables, StopAtTheVisitorsFirstError) {
  ASSERT_TRUE(write_table<SampleRow>(*store_, "t.parquet", {row_number(0), row_number(1)}));
  int seen = 0;
  const auto visited =
      visit_table<SampleRow>(*store_, "t.parquet", [&](SampleRow&) -> Result<void> {
        ++seen;
        return fail(ErrorCode::kCancelled, "enough");
      });
  ASSERT_FALSE(visited);
  EXPECT_EQ(visited.error().message, "enough");
  EXPECT_EQ(seen, 1);
}

TEST_F(Tables, MayBeEmpty) {
  ASSERT_TRUE(write_table<ClipRow>(*store_, "t.parquet", {}));
  const auto rows = read_table<ClipRow>(*store_, "t.parquet");
  ASSERT_TRUE(rows);
  EXPECT_TRUE(rows->empty());
}

TEST_F(Tables, OfOtherColumnsAreRefused) {
  ASSERT_TRUE(write_table<RejectedRow>(*store_, "t.parquet", {{"a.mp4", "empty", 0, 0, ""}}));
  const auto rows = read_table<SampleRow>(*store_, "t.parquet");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(rows.error().message.find("sample"), std::string::npos) << rows.error().message;
}

TEST_F(Tables, OfBrokenBytesAreRefused) {
  ASSERT_TRUE(store_->write_text("t.parquet", "PAR1 and nothing else PAR1"));
  const auto rows = read_table<SampleRow>(*store_, "t.parquet");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::kCorrupt);
  EXPECT_FALSE(read_table<SampleRow>(*store_, "missing.parquet"));
}

// The numbers are as pyarrow reads them from the columns kind and way.
TEST(Format1, ColumnsAreReadByTheirFormerNames) {
  const auto store = *storage::open_store(LIDO_TEST_DATASETS "/format1/scenes/g000001");
  const auto tracks = read_table<TrackRow>(*store, "tracks.parquet");
  ASSERT_TRUE(tracks) << tracks.error().message;
  ASSERT_EQ(tracks->size(), 2U);
  EXPECT_EQ((*tracks)[0].class_name, "bed");
  EXPECT_EQ((*tracks)[0].path_length, 0.028996710235934278);
  EXPECT_EQ((*tracks)[1].class_name, "keyboard");
  EXPECT_EQ((*tracks)[1].path_length, 1.0886675094208502);
  const auto objects = read_table<ObjectRow>(*store, "objects.parquet");
  ASSERT_TRUE(objects) << objects.error().message;
  ASSERT_EQ(objects->size(), 25U);
  EXPECT_EQ((*objects)[0].class_name, "bed");
}

// clips.parquet of format 1 has no column modified_ns or copies.
TEST(Format1, AddedColumnsKeepTheirDefaults) {
  const auto store = *storage::open_store(LIDO_TEST_DATASETS "/format1/generations/000001");
  const auto clips = read_table<ClipRow>(*store, "clips.parquet");
  ASSERT_TRUE(clips) << clips.error().message;
  ASSERT_FALSE(clips->empty());
  EXPECT_GT((*clips)[0].bytes, 0);
  EXPECT_EQ((*clips)[0].modified_ns, 0);
  EXPECT_TRUE((*clips)[0].copies.empty());
}

TEST_F(Tables, AreWrittenByTheirPresentNames) {
  ASSERT_TRUE(write_table<TrackRow>(*store_, "t.parquet", {{.class_name = "person"}}));
  const std::string bytes = *store_->read_text("t.parquet");
  EXPECT_NE(bytes.find("class_name"), std::string::npos);
  EXPECT_NE(bytes.find("path_length"), std::string::npos);
  EXPECT_EQ(bytes.find("kind"), std::string::npos);
}

TEST_F(Tables, HoldTextThatIsUtf8Throughout) {
  ASSERT_TRUE(write_table<GapRow>(*store_, "t.parquet",
                                  {{.clip = "a.mp4", .reason = "cut off in its r8\xF5\xE6 box"}}));
  const auto rows = read_table<GapRow>(*store_, "t.parquet");
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ((*rows)[0].reason, "cut off in its r8\\xF5\\xE6 box");
}

TEST(SampleLabel, IsEqualToItselfWithUnknownBoxes) {
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  const SampleLabel label{"behaviour", "swimming", 1, "3", {1, 2, 3, 4, unknown, unknown}};
  EXPECT_EQ(label, label);
  SampleLabel other = label;
  other.boxes[5] = 0;
  EXPECT_FALSE(other == label);
}

}  // namespace
}  // namespace lido::dataset
