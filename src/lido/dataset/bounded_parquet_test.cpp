// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/bounded_parquet.h"

#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include <fstream>

#include "lido/base/test_folder.h"
#include "lido/dataset/clip_tables.h"
#include "lido/dataset/csv.h"
#include "lido/dataset/table.h"

namespace lido::dataset {
namespace {

/// One row in 653 bytes; pyarrow reads 15546119807 from the footer as the rows of its group.
std::string few_bytes_of_many_rows() {
  std::ifstream file(LIDO_TEST_CORPUS "/list_fuzz/rows_beyond_the_file.parquet", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A list of clips whose rows are in one group, written by Arrow. @param clips  Column "clip".
std::string list_of(const std::shared_ptr<arrow::Array>& clips) {
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("clip", clips->type())}), {clips});
  const auto stream = *arrow::io::BufferOutputStream::Create();
  const auto properties = parquet::WriterProperties::Builder()
                              .max_row_group_length(1 << 30)
                              ->dictionary_pagesize_limit(16 << 20)
                              ->build();
  const auto written =
      parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), stream, 1 << 30, properties);
  EXPECT_TRUE(written.ok()) << written.message();
  return (*stream->Finish())->ToString();
}

/// A list that has the same name in each row, which a dictionary of Parquet holds once.
std::string list_of_one_name(const std::string& name, int64_t rows) {
  arrow::StringBuilder names;
  EXPECT_TRUE(names.Append(name).ok());
  const auto numbers = *arrow::MakeArrayFromScalar(arrow::Int32Scalar(0), rows);
  return list_of(*arrow::DictionaryArray::FromArrays(
      arrow::dictionary(arrow::int32(), arrow::utf8()), numbers, *names.Finish()));
}

std::string list_error(std::string_view bytes) {
  const auto table = parse_table(bytes, {"clip"}, {"group"});
  return table ? "no error" : table.error().message;
}

TEST(BoundedParquet, RefusesMoreRowsThanTheFileCanHold) {
  const std::string bytes = few_bytes_of_many_rows();
  ASSERT_EQ(bytes.size(), 653U);
  EXPECT_EQ(list_error(bytes),
            "broken Parquet: row group 0 has 15546119807 rows, want at most 3723264 in 653 bytes");
}

TEST(BoundedParquet, NamesTheFileOfATable) {
  const TestFolder folder;
  const auto store = *storage::open_store(folder.string());
  ASSERT_TRUE(store->write_text("truth.parquet", few_bytes_of_many_rows()));
  const auto rows = read_table<RejectedRow>(*store, "truth.parquet");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(rows.error().message.starts_with("truth.parquet: row group 0 has 15546119807 rows"))
      << rows.error().message;
}

TEST(BoundedParquet, RefusesAGroupWhoseColumnsHaveOtherRows) {
  std::string bytes = few_bytes_of_many_rows();
  // The varint of the group's rows: 15546119807 becomes 3 (zigzag 6), in as many bytes.
  const size_t at = bytes.find("\x16\xfe\xd9\xf7\xe9\x73");
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 6, "\x16\x86\x80\x80\x80", 5).insert(at + 5, 1, '\0');
  EXPECT_EQ(list_error(bytes), "broken Parquet: row group 0 has 3 rows, column clip has 1");
}

TEST(BoundedParquet, ReadsLargeGroupsInBatches) {
  constexpr int64_t kRows = 300'000;
  arrow::StringBuilder names;
  for (int64_t row = 0; row < kRows; ++row)
    ASSERT_TRUE(names.Append(fmt::format("{}.mp4", row)).ok());
  const std::string bytes = list_of(*names.Finish());
  auto file = *BoundedParquet::open(
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes)));
  int64_t rows = 0;
  const auto visited = file.visit([&](const arrow::Table& batch) {
    EXPECT_LE(batch.num_rows(), kRowsInGroup);
    rows += batch.num_rows();
    return arrow::Status::OK();
  });
  EXPECT_TRUE(visited.ok()) << visited.message();
  EXPECT_EQ(rows, kRows);
  const auto table = parse_table(bytes, {"clip"}, {});
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->rows, static_cast<size_t>(kRows));
  EXPECT_EQ(table->cell("clip", 299'999), "299999.mp4");
}

TEST(BoundedParquet, RefusesTextThatUnpacksToGigabytes) {
  // 2,000 rows of a megabyte are two gigabytes in one batch.
  const std::string large = list_of_one_name(std::string(1 << 20, 'a'), 2000);
  ASSERT_LT(large.size(), 2U << 20);
  EXPECT_NE(list_error(large).find("exceed"), std::string::npos) << list_error(large);
  // 600,000 of a kilobyte are 600 MB, two in each batch.
  const std::string many = list_of_one_name(std::string(1 << 10, 'a'), 600'000);
  ASSERT_LT(many.size(), 1U << 20);
  EXPECT_NE(list_error(many).find("more text than a file of its size can have"), std::string::npos)
      << list_error(many);
}

TEST(BoundedParquet, KeepsTheColumnsOfAFileWithoutRows) {
  const auto table = parse_table(list_of(*arrow::MakeArrayOfNull(arrow::utf8(), 0)), {"clip"}, {});
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_TRUE(table->has("clip"));
  EXPECT_EQ(table->rows, 0U);
}

}  // namespace
}  // namespace lido::dataset
