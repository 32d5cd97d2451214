// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/table_docs.h"

#include "lido/dataset/columns.h"
#include "lido/dataset/model_tables.h"
#include "lido/dataset/people_tables.h"
#include "lido/dataset/sample_tables.h"
#include "lido/dataset/scene_tables.h"
#include "lido/dataset/truth_tables.h"

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

template <typename... Rows>
std::vector<TableDoc> docs_of() {
  std::vector<TableDoc> tables;
  const auto add = [&]<typename Row>(std::type_identity<Row>) {
    TableDoc table{std::string(Row::kTable), std::string(Row::kRow), {}};
    append_columns<Row>(table.columns, "");
    tables.push_back(std::move(table));
  };
  (add(std::type_identity<Rows>()), ...);
  return tables;
}

}  // namespace

std::vector<TableDoc> table_docs() {
  return docs_of<SampleRow, LabelRow, ClipRow, SpanRow, SkippedRow, GapRow, RejectedRow, ObjectRow,
                 TrackRow, PoseRow, MotionRow, QualityRow, TruthRow, VisitorRow, DangerRow, LookRow,
                 FilmedRow, SeenRow, LabelBoxRow, JointRow, MetricRow, PredictionRow>();
}

}  // namespace lido::dataset
