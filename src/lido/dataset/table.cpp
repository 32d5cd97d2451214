// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/table.h"

#include "lido/dataset/all_tables.h"
#include "lido/dataset/columns.h"
#include "lido/dataset/parquet_file.h"

namespace lido::dataset {

template <typename Row>
struct TableWriter<Row>::State {
  ParquetWriter file;
  std::vector<Row> pending;
  int64_t rows = 0;

  Result<void> flush() {
    const auto table = to_table(pending);
    pending.clear();
    return file.write(table);
  }
};

template <typename Row>
TableWriter<Row>::TableWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
template <typename Row>
TableWriter<Row>::TableWriter(TableWriter&&) noexcept = default;
template <typename Row>
TableWriter<Row>& TableWriter<Row>::operator=(TableWriter&&) noexcept = default;
template <typename Row>
TableWriter<Row>::~TableWriter() = default;

template <typename Row>
Result<TableWriter<Row>> TableWriter<Row>::create(storage::Store& store, const std::string& name) {
  auto file = LIDO_TRY(ParquetWriter::create(store, name, *schema_of<Row>()));
  return TableWriter(std::unique_ptr<State>(new State{std::move(file), {}, 0}));
}

template <typename Row>
Result<void> TableWriter<Row>::append(Row row) {
  state_->pending.push_back(std::move(row));
  ++state_->rows;
  if (std::ssize(state_->pending) < kRowsInGroup) return {};
  return state_->flush();
}

template <typename Row>
Result<void> TableWriter<Row>::commit() {
  if (!state_->pending.empty()) LIDO_TRY(state_->flush());
  return state_->file.commit();
}

template <typename Row>
int64_t TableWriter<Row>::rows() const {
  return state_->rows;
}

template <typename Row>
Result<void> visit_table(storage::Store& store, const std::string& name,
                         const std::function<Result<void>(Row&)>& visit) {
  Result<void> visited;
  const auto read = read_batches(store, name, [&](const arrow::Table& table) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(auto rows, rows_of<Row>(table));
    for (Row& row : rows) {
      visited = visit(row);
      if (!visited) return arrow::Status::Cancelled("by the visitor");
    }
    return arrow::Status::OK();
  });
  return visited ? read : visited;
}

// NOLINTBEGIN(bugprone-macro-parentheses): a type has none.
#define LIDO_TABLE(Row)                                                  \
  template class TableWriter<Row>;                                       \
  template Result<void> visit_table(storage::Store&, const std::string&, \
                                    const std::function<Result<void>(Row&)>&);
LIDO_ALL_TABLES(LIDO_TABLE)
#undef LIDO_TABLE
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace lido::dataset
