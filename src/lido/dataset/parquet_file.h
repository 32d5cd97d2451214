// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/api.h>

#include <functional>
#include <memory>
#include <string>

#include "lido/base/result.h"
#include "lido/dataset/bounded_parquet.h"
#include "lido/storage/store.h"

// Private to this room: Parquet files in a store, for table.cpp.
namespace lido::dataset {

/// A Parquet file that is being written: zstd, one row group per table. Not thread-safe.
class ParquetWriter {
 public:
  /// @return kUnavailable when the store cannot create the file.
  static Result<ParquetWriter> create(storage::Store& store, const std::string& name,
                                      const arrow::Schema& schema);
  ParquetWriter(ParquetWriter&&) noexcept;
  ParquetWriter& operator=(ParquetWriter&&) noexcept;
  /// Publishes nothing without commit().
  ~ParquetWriter();

  /// Writes one row group. @param table  A failed conversion is reported as kUnavailable.
  Result<void> write(const arrow::Result<std::shared_ptr<arrow::Table>>& table);
  /// Publishes the file.
  Result<void> commit();

 private:
  struct State;
  explicit ParquetWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A Parquet file that is read batch by batch. Not thread-safe.
class ParquetReader {
 public:
  /// @return As read_batches().
  static Result<ParquetReader> open(storage::Store& store, const std::string& name);
  ParquetReader(ParquetReader&&) noexcept;
  ParquetReader& operator=(ParquetReader&&) noexcept;
  ~ParquetReader();

  /// Calls `visit` for the next batch of at most kRowsInGroup rows.
  /// @return False after the last batch; errors as read_batches().
  Result<bool> next(const std::function<arrow::Status(const arrow::Table&)>& visit);

 private:
  struct State;
  explicit ParquetReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Calls `visit` for batches of at most kRowsInGroup rows of a Parquet file, in order. A status of
/// `visit` that is not OK ends the reading.
/// @return kNotFound; kCorrupt for a file that is no Parquet, for one whose rows take more memory
///         than its size allows, and for a status of `visit`.
Result<void> read_batches(storage::Store& store, const std::string& name,
                          const std::function<arrow::Status(const arrow::Table&)>& visit);

}  // namespace lido::dataset
