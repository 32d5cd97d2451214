// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/bounded_parquet.h"

#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <utility>

namespace lido::dataset {
namespace {

/// Memory of a batch and of the pages that it is read from. A page of 1 MB that repeats one long
/// text is honest and takes many times its size.
constexpr int64_t kMinMemory_bytes = 256 << 20;
constexpr int64_t kMemoryFactor = 64;
/// Run lengths pack equal rows without limit, but rows of a list, a label or a sample differ.
constexpr int64_t kMinRows = 1 << 20;
constexpr int64_t kMaxRowsInByte = 4096;

/// Refuses row counts that contradict each other or the file's size. Arrow reserves memory for the
/// rows of a group before it reads one.
arrow::Status check_rows(const parquet::FileMetaData& metadata, int64_t file_bytes) {
  const int64_t max_rows = kMinRows + file_bytes * kMaxRowsInByte;
  int64_t rows = 0;
  for (int number = 0; number < metadata.num_row_groups(); ++number) {
    const auto group = metadata.RowGroup(number);
    if (group->num_rows() < 0 || group->num_rows() > max_rows - rows)
      return arrow::Status::Invalid(
          fmt::format("row group {} has {} rows, want at most {} in {} bytes", number,
                      group->num_rows(), max_rows - rows, file_bytes));
    rows += group->num_rows();
    for (int i = 0; i < group->num_columns(); ++i) {
      const auto column = group->ColumnChunk(i);
      const bool is_list = group->schema()->Column(i)->max_repetition_level() > 0;
      if (is_list ? column->num_values() < group->num_rows()
                  : column->num_values() != group->num_rows())
        return arrow::Status::Invalid(
            fmt::format("row group {} has {} rows, column {} has {}", number, group->num_rows(),
                        column->path_in_schema()->ToDotString(), column->num_values()));
    }
  }
  return arrow::Status::OK();
}

}  // namespace

struct BoundedParquet::State {
  explicit State(int64_t max_memory_bytes)
      : counted(arrow::default_memory_pool()), pool(&counted, max_memory_bytes) {}

  /// A capped pool compares its limit with what the pool below has given to everybody.
  arrow::ProxyMemoryPool counted;
  arrow::CappedMemoryPool pool;
  std::unique_ptr<parquet::arrow::FileReader> reader;
  int next_group = 0;
  std::unique_ptr<arrow::RecordBatchReader> batches;  ///< Those of the group before next_group.
};

BoundedParquet::BoundedParquet(std::unique_ptr<State> state) : state_(std::move(state)) {}
BoundedParquet::BoundedParquet(BoundedParquet&&) noexcept = default;
BoundedParquet& BoundedParquet::operator=(BoundedParquet&&) noexcept = default;
BoundedParquet::~BoundedParquet() = default;

arrow::Result<BoundedParquet> BoundedParquet::open(
    std::shared_ptr<arrow::io::RandomAccessFile> file) {
  ARROW_ASSIGN_OR_RAISE(const int64_t file_bytes, file->GetSize());
  auto state = std::make_unique<State>(kMinMemory_bytes + file_bytes * kMemoryFactor);
  parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Open(std::move(file), parquet::ReaderProperties(&state->pool)));
  ARROW_RETURN_NOT_OK(check_rows(*builder.raw_reader()->metadata(), file_bytes));
  parquet::ArrowReaderProperties properties;
  properties.set_batch_size(kRowsInGroup);
  builder.memory_pool(&state->pool)->properties(properties);
  ARROW_ASSIGN_OR_RAISE(state->reader, builder.Build());
  return BoundedParquet(std::move(state));
}

arrow::Result<std::shared_ptr<arrow::Schema>> BoundedParquet::schema() {
  std::shared_ptr<arrow::Schema> schema;
  ARROW_RETURN_NOT_OK(state_->reader->GetSchema(&schema));
  return schema;
}

arrow::Result<std::shared_ptr<arrow::Table>> BoundedParquet::next() {
  while (true) {
    if (state_->batches != nullptr) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, state_->batches->Next());
      if (batch != nullptr) return arrow::Table::FromRecordBatches({batch});
      state_->batches.reset();
    }
    if (state_->next_group >= state_->reader->num_row_groups()) return nullptr;
    ARROW_ASSIGN_OR_RAISE(state_->batches,
                          state_->reader->GetRecordBatchReader({state_->next_group++}));
  }
}

arrow::Status BoundedParquet::visit(
    const std::function<arrow::Status(const arrow::Table&)>& visit) {
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto table, next());
    if (table == nullptr) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(visit(*table));
  }
}

}  // namespace lido::dataset
