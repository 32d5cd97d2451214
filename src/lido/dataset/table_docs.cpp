// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/table_docs.h"

#include "lido/dataset/all_tables.h"
#include "lido/dataset/columns.h"

namespace lido::dataset {
namespace {

template <typename T>
struct ElementOf {
  using Type = T;
};
template <typename T>
struct ElementOf<std::vector<T>> {
  using Type = T;
};
template <typename Row, typename T>
ElementOf<T>::Type element_of(T Row::*);

/// Appends the columns of Row. Fields of a struct follow their column, with the column's name in
/// front.
template <typename Row>
void append_columns(std::vector<ColumnDoc>& docs, const std::string& prefix) {
  Row::columns([&](const char* name, auto member, const char* help, auto...) {
    using Element = decltype(element_of(member));
    docs.push_back({prefix + name, decltype(column_of(member))::type_name(), help});
    if constexpr (HasColumns<Element>) append_columns<Element>(docs, prefix + name + ".");
  });
}

template <typename Row>
TableDoc doc_of() {
  TableDoc table{std::string(Row::kTable), std::string(Row::kRow), {}};
  append_columns<Row>(table.columns, "");
  return table;
}

}  // namespace

std::vector<TableDoc> table_docs() {
  std::vector<TableDoc> tables;
#define LIDO_TABLE(Row) tables.push_back(doc_of<Row>());
  LIDO_ALL_TABLES(LIDO_TABLE)
#undef LIDO_TABLE
  return tables;
}

}  // namespace lido::dataset
