// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"

namespace lido::dataset {

/// A table of text cells, as people write them by hand. A missing or null cell is empty.
struct TextTable {
  std::map<std::string, std::vector<std::string>, std::less<>> columns;
  size_t rows = 0;
  /// Line of each row in its CSV file, from 1 for the header. Empty for Parquet.
  std::vector<size_t> lines;

  /// Returns a cell, or "" if the table has no such column. @param row  Below `rows`.
  std::string_view cell(std::string_view column, size_t row) const;
  bool has(std::string_view column) const { return columns.contains(column); }
  /// Returns where a row is, for messages: "line 3" of CSV, "row 2" (from 1) of Parquet.
  std::string place(size_t row) const;
};

/// Parses CSV (a header line, RFC 4180 quotes, UTF-8) or Parquet; the first bytes decide. Pure.
///
/// Empty lines of CSV are skipped.
///
/// @param wanted   Required columns.
/// @param allowed  Optional columns. Any other column is refused, so that a typing error is seen.
/// @return kInvalidArgument that names the line or the column. Messages contain no binary data.
Result<TextTable> parse_table(std::string_view bytes, const std::vector<std::string>& wanted,
                              const std::vector<std::string>& allowed);

/// Parses a decimal number; the whole text must be the number. Pure.
/// @return kInvalidArgument unless the text is a finite number.
Result<double> parse_number(std::string_view text);

/// Quotes text for a message: control characters become "?", and at most 60 bytes are shown. Pure.
std::string in_quotes(std::string_view text);

}  // namespace lido::dataset
