// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/table_reader.h"

#include <vector>

#include "lido/dataset/columns.h"
#include "lido/dataset/parquet_file.h"
#include "lido/dataset/people_tables.h"
#include "lido/dataset/scene_tables.h"
#include "lido/dataset/truth_tables.h"

namespace lido::dataset {

template <typename Row>
struct TableReader<Row>::State {
  ParquetReader file;
  std::vector<Row> rows;
  size_t next = 0;
};

template <typename Row>
TableReader<Row>::TableReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
template <typename Row>
TableReader<Row>::TableReader(TableReader&&) noexcept = default;
template <typename Row>
TableReader<Row>& TableReader<Row>::operator=(TableReader&&) noexcept = default;
template <typename Row>
TableReader<Row>::~TableReader() = default;

template <typename Row>
Result<TableReader<Row>> TableReader<Row>::open(storage::Store& store, const std::string& name) {
  auto file = LIDO_TRY(ParquetReader::open(store, name));
  return TableReader(std::unique_ptr<State>(new State{std::move(file), {}, 0}));
}

template <typename Row>
Result<std::optional<Row>> TableReader<Row>::next() {
  while (state_->next == state_->rows.size()) {
    state_->rows.clear();
    state_->next = 0;
    const bool any = LIDO_TRY(state_->file.next([&](const arrow::Table& table) -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(state_->rows, rows_of<Row>(table));
      return arrow::Status::OK();
    }));
    if (!any) return std::nullopt;
  }
  return std::move(state_->rows[state_->next++]);
}

template class TableReader<JointRow>;
template class TableReader<FilmedRow>;
template class TableReader<PoseRow>;

}  // namespace lido::dataset
