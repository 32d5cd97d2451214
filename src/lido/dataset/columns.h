// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/api.h>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
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

// Lists of columns are long: what a function does for a column is in one for its type of value,
// which is compiled once for all tables.

template <typename T>
void append_field(arrow::FieldVector& fields, const char* name) {
  fields.push_back(arrow::field(name, Column<T>::type()));
}

template <typename Row>
std::shared_ptr<arrow::Schema> schema_of() {
  arrow::FieldVector fields;
  Row::columns([&]<typename Class, typename T>(const char* name, T Class::*, const char*, auto...) {
    append_field<T>(fields, name);
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

/// The values of one column in an array of rows.
template <typename T>
struct ColumnValues {
  using Byte = std::conditional_t<std::is_const_v<T>, const std::byte, std::byte>;
  Byte* first;    ///< Value of the first row; null without rows.
  size_t stride;  ///< Bytes from one row to the next.
  size_t rows;

  T& operator[](size_t row) const { return *reinterpret_cast<T*>(first + row * stride); }
};
template <typename Row, typename Class, typename T>
ColumnValues<const T> values_of(const std::vector<Row>& rows, T Class::* member) {
  if (rows.empty()) return {nullptr, 0, 0};
  return {reinterpret_cast<const std::byte*>(&(rows.front().*member)), sizeof(Row), rows.size()};
}
template <typename Row, typename Class, typename T>
ColumnValues<T> values_of(std::vector<Row>& rows, T Class::* member) {
  if (rows.empty()) return {nullptr, 0, 0};
  return {reinterpret_cast<std::byte*>(&(rows.front().*member)), sizeof(Row), rows.size()};
}

/// Appends a column as an array.
template <typename T>
arrow::Status append_array(const ColumnValues<const T>& values, arrow::ArrayVector& arrays) {
  ARROW_ASSIGN_OR_RAISE(const auto builder, arrow::MakeBuilder(Column<T>::type()));
  for (size_t row = 0; row < values.rows; ++row)
    ARROW_RETURN_NOT_OK(Column<T>::append(*builder, values[row]));
  ARROW_ASSIGN_OR_RAISE(auto array, builder->Finish());
  arrays.push_back(std::move(array));
  return arrow::Status::OK();
}

/// Converts rows to a table whose columns have the order of the list.
template <typename Row>
arrow::Result<std::shared_ptr<arrow::Table>> to_table(const std::vector<Row>& rows) {
  arrow::ArrayVector arrays;
  arrow::Status status;
  Row::columns([&](const char*, auto member, const char*, auto...) {
    if (status.ok()) status = append_array(values_of(rows, member), arrays);
  });
  ARROW_RETURN_NOT_OK(status);
  return arrow::Table::Make(schema_of<Row>(), arrays);
}

/// Names of a column.
struct ColumnName {
  const char* name;
  std::vector<const char*> former;  ///< Names in older files.
  bool was_added = false;           ///< Whether older files lack it.
};
ColumnName column_name(const char* name, auto... marks) {
  ColumnName names{name, {}, (std::same_as<decltype(marks), AddedColumn> || ...)};
  [[maybe_unused]] const auto add = [&]<typename Mark>(const Mark& mark) {
    if constexpr (std::same_as<Mark, FormerName>) names.former.push_back(mark.name);
  };
  (add(marks), ...);
  return names;
}

/// Reads a column from a table with as many rows.
/// @return Invalid when it is missing or has another type.
template <typename T>
arrow::Status take_column(const arrow::Table& table, const ColumnName& names,
                          const ColumnValues<T>& values) {
  auto column = table.GetColumnByName(names.name);
  for (const char* former : names.former)
    column = column != nullptr ? column : table.GetColumnByName(former);
  if (column == nullptr && names.was_added) return arrow::Status::OK();
  if (column == nullptr || !column->type()->Equals(*Column<T>::type())) {
    return arrow::Status::Invalid("column ", names.name, " is missing or not of type ",
                                  Column<T>::type()->ToString());
  }
  size_t row = 0;
  for (const auto& chunk : column->chunks()) {
    for (int64_t i = 0; i < chunk->length(); ++i) values[row++] = Column<T>::take(*chunk, i);
  }
  return arrow::Status::OK();
}

/// Converts a table to rows.
/// @return Invalid when a column is missing or has another type; further columns are ignored.
template <typename Row>
arrow::Result<std::vector<Row>> rows_of(const arrow::Table& table) {
  std::vector<Row> rows(static_cast<size_t>(table.num_rows()));
  arrow::Status status;
  Row::columns([&](const char* name, auto member, const char*, auto... marks) {
    if (status.ok())
      status = take_column(table, column_name(name, marks...), values_of(rows, member));
  });
  ARROW_RETURN_NOT_OK(status);
  return rows;
}

}  // namespace lido::dataset
