// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"

namespace lido::dataset {

/// A table of text: what people write by hand. Cells that are missing or null are empty.
struct TextTable {
  std::map<std::string, std::vector<std::string>, std::less<>> columns;
  size_t rows = 0;

  /// The cell, or "" when there is no such column.
  std::string_view cell(std::string_view column, size_t row) const;
  bool has(std::string_view column) const { return columns.contains(column); }
};

/// Reads CSV (a header line, RFC 4180 quotes, UTF-8) or Parquet, told apart by their first bytes.
/// @param wanted   Columns that must be there.
/// @param allowed  Further columns that may be. Any other is refused, so that a typing error is not
/// lost.
/// @return kInvalidArgument that names the column or line.
Result<TextTable> parse_table(std::string_view bytes, const std::vector<std::string>& wanted,
                              const std::vector<std::string>& allowed);

/// A number in a cell. @return kInvalidArgument unless it is finite.
Result<double> parse_number(std::string_view text);

}  // namespace lido::dataset
