// SPDX-License-Identifier: Apache-2.0
#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>

#include <optional>

#include "lido/dataset/rows.h"
#include "lido/dataset/truth.h"

namespace lido::dataset {
namespace {

constexpr int64_t kRowsInGroup = 2048;

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
std::shared_ptr<arrow::Schema> schema_of() {
  arrow::FieldVector fields;
  Row::columns([&](const char* name, auto member, const char*) {
    fields.push_back(arrow::field(name, decltype(column_of(member))::type()));
  });
  return arrow::schema(fields);
}

template <typename Row>
arrow::Result<std::shared_ptr<arrow::Table>> to_table(const std::vector<Row>& rows) {
  arrow::ArrayVector arrays;
  arrow::Status status;
  Row::columns([&](const char*, auto member, const char*) {
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

/// Lets Parquet read a storage object by range. Keeps the first error of storage: Parquet's own
/// does not tell it from broken bytes.
class ReaderFile final : public arrow::io::RandomAccessFile {
 public:
  explicit ReaderFile(storage::Reader& reader) : reader_(reader) {}
  arrow::Result<int64_t> GetSize() override { return reader_.size(); }
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t size, void* out) override {
    const auto read =
        reader_.read_at(position, {static_cast<std::byte*>(out), static_cast<size_t>(size)});
    if (!read) {
      if (!error) error = read.error();
      return arrow::Status::IOError(read.error().message);
    }
    return static_cast<int64_t>(*read);
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t size) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(size));
    ARROW_ASSIGN_OR_RAISE(const int64_t read, ReadAt(position, size, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(read));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Result<int64_t> Read(int64_t size, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t read, ReadAt(position_, size, out));
    position_ += read;
    return read;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t size) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, size));
    position_ += buffer->size();
    return buffer;
  }
  arrow::Status Seek(int64_t position) override {
    position_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }

  std::optional<Error> error;

 private:
  storage::Reader& reader_;
  int64_t position_ = 0;
  bool closed_ = false;
};

template <typename Row>
arrow::Result<std::vector<Row>> rows_of(const arrow::Table& table) {
  std::vector<Row> rows(static_cast<size_t>(table.num_rows()));
  arrow::Status status;
  Row::columns([&](const char* name, auto member, const char*) {
    using Kind = decltype(column_of(member));
    if (!status.ok()) return;
    const auto column = table.GetColumnByName(name);
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

/// What Parquet throws or returns, as an error of ours.
template <typename Work>
Result<void> guarded(const std::string& name, ErrorCode code, Work work) {
  try {
    const arrow::Status status = work();
    if (!status.ok()) return fail(code, "{}: {}", name, status.message());
    return {};
  } catch (const parquet::ParquetException& error) {
    return fail(code, "{}: {}", name, error.what());
  }
}

}  // namespace

template <typename Row>
struct TableWriter<Row>::State {
  std::string name;
  std::unique_ptr<storage::Writer> object;
  std::unique_ptr<parquet::arrow::FileWriter> parquet;
  std::vector<Row> pending;
  int64_t rows = 0;

  Result<void> flush() {
    return guarded(name, ErrorCode::kUnavailable, [&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(const auto table, to_table(pending));
      pending.clear();
      return parquet->WriteTable(*table, kRowsInGroup);
    });
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
Result<TableWriter<Row>> TableWriter<Row>::create(storage::Store& store, std::string name) {
  auto state = std::make_unique<State>();
  state->object = LIDO_TRY(store.create(name));
  state->name = std::move(name);
  LIDO_TRY(guarded(state->name, ErrorCode::kUnavailable, [&]() -> arrow::Status {
    const auto properties = parquet::WriterProperties::Builder()
                                .compression(parquet::Compression::ZSTD)
                                ->created_by("lido")
                                ->max_row_group_length(kRowsInGroup)
                                ->build();
    const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    ARROW_ASSIGN_OR_RAISE(state->parquet, parquet::arrow::FileWriter::Open(
                                              *schema_of<Row>(), arrow::default_memory_pool(),
                                              std::make_shared<WriterStream>(*state->object),
                                              properties, arrow_properties));
    return arrow::Status::OK();
  }));
  return TableWriter(std::move(state));
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
  LIDO_TRY(
      guarded(state_->name, ErrorCode::kUnavailable, [&] { return state_->parquet->Close(); }));
  return state_->object->commit();
}

template <typename Row>
int64_t TableWriter<Row>::rows() const {
  return state_->rows;
}

template <typename Row>
Result<void> visit_table(storage::Store& store, const std::string& name,
                         const std::function<Result<void>(Row&)>& visit) {
  const auto object = LIDO_TRY(store.open(name));
  const auto file = std::make_shared<ReaderFile>(*object);
  Result<void> visited;
  const auto read = guarded(name, ErrorCode::kCorrupt, [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const auto reader,
                          parquet::arrow::OpenFile(file, arrow::default_memory_pool()));
    for (int group = 0; group < reader->num_row_groups(); ++group) {
      ARROW_ASSIGN_OR_RAISE(const auto table, reader->ReadRowGroup(group));
      ARROW_ASSIGN_OR_RAISE(auto rows, rows_of<Row>(*table));
      for (Row& row : rows) {
        visited = visit(row);
        if (!visited) return arrow::Status::OK();
      }
    }
    return arrow::Status::OK();
  });
  if (file->error) return std::unexpected(*file->error);
  if (!read) return read;
  return visited;
}

template <typename Row>
using Visit = std::function<Result<void>(Row&)>;

template class TableWriter<SampleRow>;
template class TableWriter<ClipRow>;
template class TableWriter<SpanRow>;
template class TableWriter<SkippedRow>;
template class TableWriter<RejectedRow>;
template class TableWriter<ObjectRow>;
template class TableWriter<TrackRow>;
template class TableWriter<MotionRow>;
template class TableWriter<QualityRow>;
template class TableWriter<TruthRow>;
template class TableWriter<VisitorRow>;
template class TableWriter<DangerRow>;
template class TableWriter<SeenRow>;
template Result<void> visit_table(storage::Store&, const std::string&, const Visit<SampleRow>&);
template Result<void> visit_table(storage::Store&, const std::string&, const Visit<ClipRow>&);
template Result<void> visit_table(storage::Store&, const std::string&, const Visit<SpanRow>&);
template Result<void> visit_table(storage::Store&, const std::string&, const Visit<SkippedRow>&);
template Result<void> visit_table(storage::Store&, const std::string&, const Visit<RejectedRow>&);
template Result<void> visit_table(storage::Store&, const std::string&, const Visit<ObjectRow>&);
template Result<void> visit_table(storage::Store&, const std::string&, const Visit<TrackRow>&);
template Result<void> visit_table(storage::Store&, const std::string&, const Visit<MotionRow>&);
template Result<void> visit_table(storage::Store&, const std::string&, const Visit<QualityRow>&);
template Result<void> visit_table(storage::Store&, const std::string&, const Visit<TruthRow>&);
template Result<void> visit_table(storage::Store&, const std::string&, const Visit<VisitorRow>&);
template Result<void> visit_table(storage::Store&, const std::string&, const Visit<SeenRow>&);
template Result<void> visit_table(storage::Store&, const std::string&, const Visit<DangerRow>&);

}  // namespace lido::dataset
