// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "lido/base/result.h"
#include "lido/storage/store.h"

namespace lido::dataset {

/// Reads a table row by row, for callers that cannot be called by visit_table(): a video's frames
/// that ask for the rows of their time. For JointRow, FilmedRow and PoseRow; others are added in
/// table_reader.cpp. Holds at most one row group in memory. Not thread-safe.
template <typename Row>
class TableReader {
 public:
  /// @return As visit_table().
  static Result<TableReader> open(storage::Store& store, const std::string& name);
  TableReader(TableReader&&) noexcept;
  TableReader& operator=(TableReader&&) noexcept;
  ~TableReader();

  /// Returns the next row in file order; nothing after the last.
  /// @return As visit_table().
  Result<std::optional<Row>> next();

 private:
  struct State;
  explicit TableReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lido::dataset
