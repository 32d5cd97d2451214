// SPDX-License-Identifier: Apache-2.0
// Arrow's own reader checks what was written.
#include "lido/dataset/parquet_file.h"

#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/file_reader.h>

#include <numeric>

#include "lido/base/test_folder.h"

namespace lido::dataset {
namespace {

/// A table of one column with the numbers from `first` on.
std::shared_ptr<arrow::Table> numbers(int64_t first, int64_t rows) {
  std::vector<int64_t> values(static_cast<size_t>(rows));
  std::iota(values.begin(), values.end(), first);
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return arrow::Table::Make(arrow::schema({arrow::field("n", arrow::int64())}),
                            {*builder.Finish()});
}

class ParquetFile : public testing::Test {
 protected:
  ParquetFile() : store_(*storage::open_store(folder_.string())) {}

  /// Writes 3 rows, then 5000.
  void write() {
    auto writer = ParquetWriter::create(*store_, "n.parquet", *numbers(0, 0)->schema());
    ASSERT_TRUE(writer) << writer.error().message;
    ASSERT_TRUE(writer->write(numbers(0, 3)));
    ASSERT_TRUE(writer->write(numbers(3, 5000)));
    ASSERT_TRUE(writer->commit());
  }

  TestFolder folder_;
  std::unique_ptr<storage::Store> store_;
};

TEST_F(ParquetFile, ATableIsOneGroupOrGroupsOf2048Rows) {
  write();
  const std::string bytes = *store_->read_text("n.parquet");
  const auto file = parquet::ParquetFileReader::Open(
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes)));
  const auto metadata = file->metadata();
  EXPECT_EQ(metadata->created_by(), "lido");
  std::vector<int64_t> rows;
  for (int i = 0; i < metadata->num_row_groups(); ++i) {
    rows.push_back(metadata->RowGroup(i)->num_rows());
    EXPECT_EQ(metadata->RowGroup(i)->ColumnChunk(0)->compression(), parquet::Compression::ZSTD);
  }
  EXPECT_EQ(rows, (std::vector<int64_t>{3, 2048, 2048, 904}));
}

TEST_F(ParquetFile, RowsComeBackInOrder) {
  write();
  std::vector<int64_t> seen;
  const auto read =
      read_batches(*store_, "n.parquet", [&](const arrow::Table& batch) -> arrow::Status {
        EXPECT_LE(batch.num_rows(), 2048);
        for (const auto& chunk : batch.column(0)->chunks()) {
          const auto& values = static_cast<const arrow::Int64Array&>(*chunk);
          for (int64_t i = 0; i < values.length(); ++i) seen.push_back(values.Value(i));
        }
        return arrow::Status::OK();
      });
  ASSERT_TRUE(read) << read.error().message;
  std::vector<int64_t> expected(5003);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(seen, expected);
}

TEST_F(ParquetFile, NothingAppearsWithoutCommit) {
  {
    auto writer = *ParquetWriter::create(*store_, "n.parquet", *numbers(0, 0)->schema());
    ASSERT_TRUE(writer.write(numbers(0, 5000)));
  }
  EXPECT_FALSE(*store_->exists("n.parquet"));
}

TEST_F(ParquetFile, AFailedConversionNamesTheFile) {
  auto writer = *ParquetWriter::create(*store_, "n.parquet", *numbers(0, 0)->schema());
  const auto failed = writer.write(arrow::Status::Invalid("no number"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(failed.error().message, "n.parquet: no number");
}

TEST_F(ParquetFile, AStatusOfTheVisitorEndsTheReading) {
  write();
  int batches = 0;
  const auto read = read_batches(*store_, "n.parquet", [&](const arrow::Table&) -> arrow::Status {
    ++batches;
    return arrow::Status::Invalid("enough");
  });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(read.error().message, "n.parquet: enough");
  EXPECT_EQ(batches, 1);
}

TEST_F(ParquetFile, MissingAndBrokenFilesAreNamed) {
  const auto visit = [](const arrow::Table&) { return arrow::Status::OK(); };
  const auto missing = read_batches(*store_, "n.parquet", visit);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  write();
  std::string bytes = *store_->read_text("n.parquet");
  for (const std::string& broken :
       {std::string("PAR1 nothing PAR1"), std::string(), bytes.substr(0, bytes.size() / 2)}) {
    ASSERT_TRUE(store_->write_text("n.parquet", broken));
    const auto read = read_batches(*store_, "n.parquet", visit);
    ASSERT_FALSE(read) << broken.size();
    EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
    EXPECT_TRUE(read.error().message.starts_with("n.parquet: ")) << read.error().message;
  }
}

}  // namespace
}  // namespace lido::dataset
