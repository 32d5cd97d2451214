// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace lido::dataset {

/// A column of a table, for the documentation.
struct ColumnDoc {
  std::string name;  ///< "pts"; a field of a struct is named "labels.task".
  std::string type;  ///< "list<int64>".
  std::string help;  ///< One phrase without a full stop: value, unit, range, when it is empty.
};

/// A table, for the documentation.
struct TableDoc {
  std::string name;  ///< "manifest", without ".parquet".
  std::string row;   ///< "each sample": the phrase after "one row for".
  std::vector<ColumnDoc> columns;
};

/// Returns all tables that Lido stores, from the column lists of their row types. Pure.
std::vector<TableDoc> table_docs();

}  // namespace lido::dataset
