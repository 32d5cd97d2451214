// SPDX-License-Identifier: Apache-2.0
#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>

#include <type_traits>

#include "lido/dataset/rows.h"

namespace lido::dataset {
namespace {

constexpr int64_t kRowsInGroup = 65536;

std::unexpected<Error> failed(std::string_view name, const arrow::Status& status) {
  return fail(ErrorCode::kCorrupt, "{}: {}", name, status.message());
}

/// How a C++ type stands in a column: its Arrow type, how to append one, how to take one back.
template <typename T>
struct Column;

template <typename T, typename ArrowType>
struct PlainColumn {
  using Builder = typename arrow::TypeTraits<ArrowType>::BuilderType;
  using Array = typename arrow::TypeTraits<ArrowType>::ArrayType;
  static std::shared_ptr<arrow::DataType> type() {
    return arrow::TypeTraits<ArrowType>::type_singleton();
  }
  static arrow::Status append(arrow::ArrayBuilder& builder, const T& value) {
    return static_cast<Builder&>(builder).Append(value);
  }
  static T take(const arrow::Array& array, int64_t row) {
    return T(static_cast<const Array&>(array).GetView(row));
  }
};
template <>
struct Column<std::string> : PlainColumn<std::string, arrow::StringType> {};
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

template <>
struct Column<SampleLabel> {
  static std::shared_ptr<arrow::DataType> type() {
    return arrow::struct_(
        {arrow::field("task", arrow::utf8()), arrow::field("label", arrow::utf8()),
         arrow::field("overlap", arrow::float64()), arrow::field("track", arrow::utf8()),
         arrow::field("boxes", arrow::list(arrow::float64()))});
  }
  static arrow::Status append(arrow::ArrayBuilder& builder, const SampleLabel& value) {
    auto& fields = static_cast<arrow::StructBuilder&>(builder);
    ARROW_RETURN_NOT_OK(fields.Append());
    ARROW_RETURN_NOT_OK(Column<std::string>::append(*fields.field_builder(0), value.task));
    ARROW_RETURN_NOT_OK(Column<std::string>::append(*fields.field_builder(1), value.label));
    ARROW_RETURN_NOT_OK(Column<double>::append(*fields.field_builder(2), value.overlap));
    ARROW_RETURN_NOT_OK(Column<std::string>::append(*fields.field_builder(3), value.track));
    return Column<std::vector<double>>::append(*fields.field_builder(4), value.boxes);
  }
  static SampleLabel take(const arrow::Array& array, int64_t row) {
    const auto& fields = static_cast<const arrow::StructArray&>(array);
    return {Column<std::string>::take(*fields.field(0), row),
            Column<std::string>::take(*fields.field(1), row),
            Column<double>::take(*fields.field(2), row),
            Column<std::string>::take(*fields.field(3), row),
            Column<std::vector<double>>::take(*fields.field(4), row)};
  }
};

template <typename Row, typename T>
Column<T> column_of(T Row::*);

template <typename Row>
arrow::Result<std::shared_ptr<arrow::Table>> to_table(const std::vector<Row>& rows) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  arrow::Status status;
  Row::columns([&](const char* name, auto member, const char*) {
    using Kind = decltype(column_of(member));
    if (!status.ok()) return;
    fields.push_back(arrow::field(name, Kind::type()));
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
  return arrow::Table::Make(arrow::schema(fields), arrays);
}

/// Lets Parquet write straight into a storage object.
class WriterStream final : public arrow::io::OutputStream {
 public:
  explicit WriterStream(storage::Writer& writer) : writer_(writer) {}
  arrow::Status Write(const void* data, int64_t size) override {
    const auto written =
        writer_.append({static_cast<const std::byte*>(data), static_cast<size_t>(size)});
    position_ += size;
    return written ? arrow::Status::OK() : arrow::Status::IOError(written.error().message);
  }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> Tell() const override { return position_; }
  bool closed() const override { return closed_; }

 private:
  storage::Writer& writer_;
  int64_t position_ = 0;
  bool closed_ = false;
};

template <typename Row>
arrow::Status write_parquet(storage::Writer& writer, const std::vector<Row>& rows) {
  ARROW_ASSIGN_OR_RAISE(const auto table, to_table(rows));
  const auto properties = parquet::WriterProperties::Builder()
                              .compression(parquet::Compression::ZSTD)
                              ->created_by("lido")
                              ->max_row_group_length(kRowsInGroup)
                              ->build();
  const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  return parquet::arrow::WriteTable(*table, arrow::default_memory_pool(),
                                    std::make_shared<WriterStream>(writer), kRowsInGroup,
                                    properties, arrow_properties);
}

template <typename Row>
arrow::Result<std::vector<Row>> read_parquet(const std::string& bytes) {
  const auto source = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
  ARROW_ASSIGN_OR_RAISE(const auto reader,
                        parquet::arrow::OpenFile(source, arrow::default_memory_pool()));
  ARROW_ASSIGN_OR_RAISE(auto table, reader->ReadTable());
  ARROW_ASSIGN_OR_RAISE(table, table->CombineChunks());
  std::vector<Row> rows(static_cast<size_t>(table->num_rows()));
  arrow::Status status;
  Row::columns([&](const char* name, auto member, const char*) {
    using Kind = decltype(column_of(member));
    if (!status.ok() || rows.empty()) return;
    const auto column = table->GetColumnByName(name);
    if (column == nullptr || !column->type()->Equals(*Kind::type())) {
      status = arrow::Status::Invalid("column ", name, " is missing or not of type ",
                                      Kind::type()->ToString());
      return;
    }
    const auto& array = *column->chunk(0);
    for (size_t row = 0; row < rows.size(); ++row)
      rows[row].*member = Kind::take(array, static_cast<int64_t>(row));
  });
  ARROW_RETURN_NOT_OK(status);
  return rows;
}

}  // namespace

template <typename Row>
Result<void> write_table(storage::Store& store, std::string_view name,
                         const std::vector<Row>& rows) {
  const auto writer = LIDO_TRY(store.create(name));
  try {
    const arrow::Status status = write_parquet(*writer, rows);
    if (!status.ok()) return failed(name, status);
  } catch (const parquet::ParquetException& error) {
    return fail(ErrorCode::kUnavailable, "{}: {}", name, error.what());
  }
  return writer->commit();
}

template <typename Row>
Result<std::vector<Row>> read_table(storage::Store& store, std::string_view name) {
  const std::string bytes = LIDO_TRY(store.read_text(name, int64_t{8} << 30));
  try {
    auto rows = read_parquet<Row>(bytes);
    if (!rows.ok()) return failed(name, rows.status());
    return std::move(rows).ValueUnsafe();
  } catch (const parquet::ParquetException& error) {
    return fail(ErrorCode::kCorrupt, "{}: {}", name, error.what());
  }
}

template Result<void> write_table(storage::Store&, std::string_view, const std::vector<SampleRow>&);
template Result<void> write_table(storage::Store&, std::string_view, const std::vector<ClipRow>&);
template Result<void> write_table(storage::Store&, std::string_view, const std::vector<SpanRow>&);
template Result<void> write_table(storage::Store&, std::string_view,
                                  const std::vector<RejectedRow>&);
template Result<std::vector<SampleRow>> read_table(storage::Store&, std::string_view);
template Result<std::vector<ClipRow>> read_table(storage::Store&, std::string_view);
template Result<std::vector<SpanRow>> read_table(storage::Store&, std::string_view);
template Result<std::vector<RejectedRow>> read_table(storage::Store&, std::string_view);

}  // namespace lido::dataset
