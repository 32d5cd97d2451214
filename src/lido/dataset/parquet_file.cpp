// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/parquet_file.h"

#include <arrow/io/interfaces.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "lido/dataset/bounded_parquet.h"

namespace lido::dataset {
namespace {

/// Makes a storage object a stream that Parquet writes to.
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

/// Makes a storage object a file that Parquet reads by range. Keeps the first storage error, since
/// Parquet reports it like broken bytes.
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
    // Memory for what is there, not for what a broken file claims.
    size = std::clamp<int64_t>(size, 0, std::max<int64_t>(0, reader_.size() - position));
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

/// Runs `work` and converts Parquet's exceptions and statuses to errors that name the file.
Result<void> guarded(const std::string& name, ErrorCode code,
                     const std::function<arrow::Status()>& work) {
  try {
    const arrow::Status status = work();
    if (!status.ok()) return fail(code, "{}: {}", name, status.message());
    return {};
  } catch (const parquet::ParquetException& error) {
    return fail(code, "{}: {}", name, error.what());
  }
}

}  // namespace

struct ParquetWriter::State {
  std::string name;
  std::unique_ptr<storage::Writer> object;
  std::unique_ptr<parquet::arrow::FileWriter> parquet;
};

ParquetWriter::ParquetWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
ParquetWriter::ParquetWriter(ParquetWriter&&) noexcept = default;
ParquetWriter& ParquetWriter::operator=(ParquetWriter&&) noexcept = default;
ParquetWriter::~ParquetWriter() = default;

Result<ParquetWriter> ParquetWriter::create(storage::Store& store, const std::string& name,
                                            const arrow::Schema& schema) {
  auto state = std::make_unique<State>();
  state->object = LIDO_TRY(store.create(name));
  state->name = name;
  LIDO_TRY(guarded(name, ErrorCode::kUnavailable, [&]() -> arrow::Status {
    const auto properties = parquet::WriterProperties::Builder()
                                .compression(parquet::Compression::ZSTD)
                                ->created_by("lido")
                                ->max_row_group_length(kRowsInGroup)
                                ->build();
    const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    ARROW_ASSIGN_OR_RAISE(state->parquet, parquet::arrow::FileWriter::Open(
                                              schema, arrow::default_memory_pool(),
                                              std::make_shared<WriterStream>(*state->object),
                                              properties, arrow_properties));
    return arrow::Status::OK();
  }));
  return ParquetWriter(std::move(state));
}

Result<void> ParquetWriter::write(const arrow::Result<std::shared_ptr<arrow::Table>>& table) {
  return guarded(state_->name, ErrorCode::kUnavailable, [&]() -> arrow::Status {
    ARROW_RETURN_NOT_OK(table.status());
    return state_->parquet->WriteTable(**table, kRowsInGroup);
  });
}

Result<void> ParquetWriter::commit() {
  LIDO_TRY(
      guarded(state_->name, ErrorCode::kUnavailable, [&] { return state_->parquet->Close(); }));
  return state_->object->commit();
}

struct ParquetReader::State {
  std::string name;
  std::unique_ptr<storage::Reader> object;
  std::shared_ptr<ReaderFile> file;
  std::optional<BoundedParquet> parquet;

  /// A storage error comes before what Parquet makes of it.
  Result<void> run(const std::function<arrow::Status()>& work) const {
    const auto done = guarded(name, ErrorCode::kCorrupt, work);
    if (file->error) return std::unexpected(*file->error);
    return done;
  }
};

ParquetReader::ParquetReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
ParquetReader::ParquetReader(ParquetReader&&) noexcept = default;
ParquetReader& ParquetReader::operator=(ParquetReader&&) noexcept = default;
ParquetReader::~ParquetReader() = default;

Result<ParquetReader> ParquetReader::open(storage::Store& store, const std::string& name) {
  auto state = std::make_unique<State>();
  state->name = name;
  state->object = LIDO_TRY(store.open(name));
  state->file = std::make_shared<ReaderFile>(*state->object);
  LIDO_TRY(state->run([&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(auto parquet, BoundedParquet::open(state->file));
    state->parquet.emplace(std::move(parquet));
    return arrow::Status::OK();
  }));
  return ParquetReader(std::move(state));
}

Result<bool> ParquetReader::next(const std::function<arrow::Status(const arrow::Table&)>& visit) {
  bool any = false;
  LIDO_TRY(state_->run([&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const auto table, state_->parquet->next());
    any = table != nullptr;
    return any ? visit(*table) : arrow::Status::OK();
  }));
  return any;
}

Result<void> read_batches(storage::Store& store, const std::string& name,
                          const std::function<arrow::Status(const arrow::Table&)>& visit) {
  auto reader = LIDO_TRY(ParquetReader::open(store, name));
  while (LIDO_TRY(reader.next(visit))) {
  }
  return {};
}

}  // namespace lido::dataset
