// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/api.h>

#include <concepts>
#include <optional>
#include <string>
#include <vector>

#include "lido/base/utf8.h"
#include "lido/dataset/former_name.h"
#include "lido/dataset/time.h"

// Private to this room: row types as Arrow tables and back, by their lists of columns.
namespace lido::dataset {

/// Maps a C++ type to a column: type() is the Arrow type, type_name() its name in the docs,
/// append() adds a value to a builder, take() reads a value from an array.
template <typename T>
struct Column;

template <typename T, typename ArrowType>
struct PlainColumn {
  using Builder = typename arrow::TypeTraits<ArrowType>::BuilderType;
  using Array = typename arrow::TypeTraits<ArrowType>::ArrayType;
  static std::shared_ptr<arrow::DataType> type() {
    return arrow::TypeTraits<ArrowType>::type_singleton();
  }
  static std::string type_name() { return type()->ToString(); }
  static arrow::Status append(arrow::ArrayBuilder& builder, const T& value) {
    return static_cast<Builder&>(builder).Append(value);
  }
  static T take(const arrow::Array& array, int64_t row) {
    return T(static_cast<const Array&>(array).GetView(row));
  }
};
template <>
struct Column<std::string> : PlainColumn<std::string, arrow::StringType> {
  /// Readers of Parquet refuse text that is not UTF-8, such as part of a damaged file in a reason.
  static arrow::Status append(arrow::ArrayBuilder& builder, const std::string& value) {
    return static_cast<Builder&>(builder).Append(is_utf8(value) ? value : escape_bytes(value));
  }
};
template <>
struct Column<int64_t> : PlainColumn<int64_t, arrow::Int64Type> {};
template <>
struct Column<int32_t> : PlainColumn<int32_t, arrow::Int32Type> {};
template <>
struct Column<double> : PlainColumn<double, arrow::DoubleType> {};
template <>
struct Column<bool> : PlainColumn<bool, arrow::BooleanType> {};

template <>
struct Column<std::optional<UtcTime>> {
  static std::shared_ptr<arrow::DataType> type() {
    return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  }
  static std::string type_name() { return "timestamp(us, UTC)"; }
  static arrow::Status append(arrow::ArrayBuilder& builder, const std::optional<UtcTime>& value) {
    auto& typed = static_cast<arrow::TimestampBuilder&>(builder);
    return value ? typed.Append(value->us) : typed.AppendNull();
  }
  static std::optional<UtcTime> take(const arrow::Array& array, int64_t row) {
    if (array.IsNull(row)) return std::nullopt;
    return UtcTime{static_cast<const arrow::TimestampArray&>(array).Value(row)};
  }
};

template <typename T>
struct Column<std::vector<T>> {
  static std::shared_ptr<arrow::DataType> type() { return arrow::list(Column<T>::type()); }
  static std::string type_name() { return "list<" + Column<T>::type_name() + ">"; }
  static arrow::Status append(arrow::ArrayBuilder& builder, const std::vector<T>& values) {
    auto& list = static_cast<arrow::ListBuilder&>(builder);
    ARROW_RETURN_NOT_OK(list.Append());
    for (const T& value : values)
      ARROW_RETURN_NOT_OK(Column<T>::append(*list.value_builder(), value));
    return arrow::Status::OK();
  }
  static std::vector<T> take(const arrow::Array& array, int64_t row) {
    const auto& list = static_cast<const arrow::ListArray&>(array);
    std::vector<T> values;
    for (int64_t i = list.value_offset(row); i < list.value_offset(row + 1); ++i) {
      values.push_back(Column<T>::take(*list.values(), i));
    }
    return values;
  }
};

template <typename Row, typename T>
Column<T> column_of(T Row::*);

template <typename Row>
std::shared_ptr<arrow::Schema> schema_of() {
  arrow::FieldVector fields;
  Row::columns([&](const char* name, auto member, const char*, auto...) {
    fields.push_back(arrow::field(name, decltype(column_of(member))::type()));
  });
  return arrow::schema(fields);
}

/// Row types have columns of their own: they are stored as a struct.
template <typename T>
concept HasColumns = requires { T::columns([](auto&&...) {}); };

template <HasColumns T>
struct Column<T> {
  static std::shared_ptr<arrow::DataType> type() {
    return arrow::struct_(schema_of<T>()->fields());
  }
  static std::string type_name() { return "struct"; }
  static arrow::Status append(arrow::ArrayBuilder& builder, const T& value) {
    auto& fields = static_cast<arrow::StructBuilder&>(builder);
    arrow::Status status = fields.Append();
    int number = 0;
    T::columns([&](const char*, auto member, const char*, auto...) {
      using Field = decltype(column_of(member));
      if (status.ok()) status = Field::append(*fields.field_builder(number++), value.*member);
    });
    return status;
  }
  static T take(const arrow::Array& array, int64_t row) {
    const auto& fields = static_cast<const arrow::StructArray&>(array);
    T value;
    int number = 0;
    T::columns([&](const char*, auto member, const char*, auto...) {
      using Field = decltype(column_of(member));
      value.*member = Field::take(*fields.field(number++), row);
    });
    return value;
  }
};

/// Converts rows to a table whose columns have the order of the list.
template <typename Row>
arrow::Result<std::shared_ptr<arrow::Table>> to_table(const std::vector<Row>& rows) {
  arrow::ArrayVector arrays;
  arrow::Status status;
  Row::columns([&](const char*, auto member, const char*, auto...) {
    using Kind = decltype(column_of(member));
    if (!status.ok()) return;
    const auto build = [&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(const auto builder, arrow::MakeBuilder(Kind::type()));
      for (const Row& row : rows) ARROW_RETURN_NOT_OK(Kind::append(*builder, row.*member));
      ARROW_ASSIGN_OR_RAISE(auto array, builder->Finish());
      arrays.push_back(std::move(array));
      return arrow::Status::OK();
    };
    status = build();
  });
  ARROW_RETURN_NOT_OK(status);
  return arrow::Table::Make(schema_of<Row>(), arrays);
}

/// Finds a column by its name or by a former name. Null if the table has neither.
std::shared_ptr<arrow::ChunkedArray> find_column(const arrow::Table& table, const char* name,
                                                 auto... marks) {
  auto column = table.GetColumnByName(name);
  [[maybe_unused]] const auto find = [&]<typename Mark>(const Mark& mark) {
    if constexpr (std::same_as<Mark, FormerName>)
      column = column != nullptr ? column : table.GetColumnByName(mark.name);
  };
  (find(marks), ...);
  return column;
}

/// Converts a table to rows.
/// @return Invalid when a column is missing or has another type; further columns are ignored.
template <typename Row>
arrow::Result<std::vector<Row>> rows_of(const arrow::Table& table) {
  std::vector<Row> rows(static_cast<size_t>(table.num_rows()));
  arrow::Status status;
  Row::columns([&](const char* name, auto member, const char*, auto... marks) {
    using Kind = decltype(column_of(member));
    if (!status.ok()) return;
    const auto column = find_column(table, name, marks...);
    const bool was_added = (std::same_as<decltype(marks), AddedColumn> || ...);
    if (column == nullptr && was_added) return;
    if (column == nullptr || !column->type()->Equals(*Kind::type())) {
      status = arrow::Status::Invalid("column ", name, " is missing or not of type ",
                                      Kind::type()->ToString());
      return;
    }
    auto row = rows.begin();
    for (const auto& chunk : column->chunks()) {
      for (int64_t i = 0; i < chunk->length(); ++i, ++row) (*row).*member = Kind::take(*chunk, i);
    }
  });
  ARROW_RETURN_NOT_OK(status);
  return rows;
}

}  // namespace lido::dataset
