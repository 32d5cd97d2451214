// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lido/base/result.h"
#include "lido/storage/store.h"

namespace lido::dataset {

// A row type lists its columns once, in columns(visit): name, member, help text and, for a renamed
// column, its FormerName. table.cpp writes and reads Parquet by that list, and table_docs.h makes
// the tables of docs/formats.md from it.

/// Writes rows as one Parquet file: zstd, row groups of 2048 rows. Equal rows give equal bytes.
/// Holds at most one row group in memory. Not thread-safe.
template <typename Row>
class TableWriter {
 public:
  /// @param name  Path of the file in the store.
  /// @return kUnavailable when the store cannot create the file.
  static Result<TableWriter> create(storage::Store& store, const std::string& name);
  TableWriter(TableWriter&&) noexcept;
  TableWriter& operator=(TableWriter&&) noexcept;
  /// Publishes nothing: without commit(), the file does not appear.
  ~TableWriter();

  /// Adds a row. @return kUnavailable when the store fails.
  Result<void> append(Row row);
  /// Publishes the file. Nothing can be appended afterwards.
  Result<void> commit();
  /// Number of rows appended so far.
  int64_t rows() const;

 private:
  struct State;
  explicit TableWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Calls `visit` for every row in file order. Holds at most one row group in memory.
/// @return kNotFound; kCorrupt when the file is no Parquet or lacks a column; the first error of
/// `visit`, which ends the reading.
template <typename Row>
Result<void> visit_table(storage::Store& store, const std::string& name,
                         const std::function<Result<void>(Row&)>& visit);

/// Writes a small table at once. @return kUnavailable.
template <typename Row>
Result<void> write_table(storage::Store& store, const std::string& name,
                         const std::vector<Row>& rows) {
  auto writer = LIDO_TRY(TableWriter<Row>::create(store, name));
  for (const Row& row : rows) LIDO_TRY(writer.append(row));
  return writer.commit();
}

/// Reads a small table into memory. @return As visit_table.
template <typename Row>
Result<std::vector<Row>> read_table(storage::Store& store, const std::string& name) {
  std::vector<Row> rows;
  LIDO_TRY(visit_table<Row>(store, name, [&](Row& row) -> Result<void> {
    rows.push_back(std::move(row));
    return {};
  }));
  return rows;
}

}  // namespace lido::dataset
