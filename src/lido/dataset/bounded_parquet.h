// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/api.h>
#include <arrow/io/interfaces.h>

#include <functional>
#include <memory>

namespace parquet::arrow {
class FileReader;
}

// Private to this room: Parquet files from outside, for csv.cpp and parquet_file.cpp.
namespace lido::dataset {

/// Number of rows in a row group. Part of the format: equal rows give equal bytes.
inline constexpr int64_t kRowsInGroup = 2048;

/// Reads a Parquet file in batches of rows, whatever size its groups have. Memory and rows are
/// bounded by the size of the file, since a few bytes can claim any number of rows.
/// Functions may throw parquet::ParquetException. Not thread-safe.
class BoundedParquet {
 public:
  /// @return Invalid for a file that is no Parquet, whose groups and columns disagree about their
  ///         rows, or that has more rows than its bytes can hold.
  static arrow::Result<BoundedParquet> open(std::shared_ptr<arrow::io::RandomAccessFile> file);
  BoundedParquet(BoundedParquet&&) noexcept;
  BoundedParquet& operator=(BoundedParquet&&) noexcept;
  ~BoundedParquet();

  arrow::Result<std::shared_ptr<arrow::Schema>> schema();
  /// Returns the next batch of at most kRowsInGroup rows; null after the last. The batch must not
  /// outlive the reader.
  /// @return OutOfMemory when a batch takes more memory than the file's size allows.
  arrow::Result<std::shared_ptr<arrow::Table>> next();
  /// Calls `visit` for each further batch of next(), in order. A status that is not OK ends the
  /// reading. The batch must not outlive the call.
  /// @return As next().
  arrow::Status visit(const std::function<arrow::Status(const arrow::Table&)>& visit);

 private:
  struct State;
  explicit BoundedParquet(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lido::dataset
