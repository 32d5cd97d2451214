// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "lido/storage/store.h"

namespace lido::part {

// A step that is watched has a heartbeat: even while it works, odd while it waits for storage,
// which has time limits of its own. Each wait is progress. A null heartbeat is that of a step that
// is not watched.

/// Marks that a step waits for storage, for as long as the object exists. Waits must not be nested.
/// Not thread-safe: one thread at a time changes a heartbeat.
class StorageWait {
 public:
  /// @param heartbeat  Must outlive this object; may be null.
  explicit StorageWait(std::atomic<int64_t>* heartbeat) : heartbeat_(heartbeat) {
    if (heartbeat_ != nullptr) ++*heartbeat_;
  }
  ~StorageWait() {
    if (heartbeat_ != nullptr) ++*heartbeat_;
  }
  StorageWait(const StorageWait&) = delete;
  StorageWait& operator=(const StorageWait&) = delete;

 private:
  std::atomic<int64_t>* heartbeat_;
};

/// Marks each read of a reader as a wait. Not thread-safe.
class WatchedReader final : public storage::Reader {
 public:
  /// @param heartbeat  Must outlive this object; may be null.
  WatchedReader(std::unique_ptr<storage::Reader> reader, std::atomic<int64_t>* heartbeat)
      : reader_(std::move(reader)), heartbeat_(heartbeat) {}

  int64_t size() const override { return reader_->size(); }
  size_t request_size() const override { return reader_->request_size(); }
  Result<size_t> read_at(int64_t offset, std::span<std::byte> into) override {
    const StorageWait wait(heartbeat_);
    return reader_->read_at(offset, into);
  }

 private:
  std::unique_ptr<storage::Reader> reader_;
  std::atomic<int64_t>* heartbeat_;
};

/// Marks each call of a writer as a wait. Not thread-safe.
class WatchedWriter final : public storage::Writer {
 public:
  /// @param heartbeat  Must outlive this object; may be null.
  WatchedWriter(std::unique_ptr<storage::Writer> writer, std::atomic<int64_t>* heartbeat)
      : writer_(std::move(writer)), heartbeat_(heartbeat) {}

  using Writer::append;
  Result<void> append(std::span<const std::byte> bytes) override {
    const StorageWait wait(heartbeat_);
    return writer_->append(bytes);
  }
  Result<void> commit() override {
    const StorageWait wait(heartbeat_);
    return writer_->commit();
  }

 private:
  std::unique_ptr<storage::Writer> writer_;
  std::atomic<int64_t>* heartbeat_;
};

/// Opens an object as storage::open_reader() does. Opening and each read are waits.
inline Result<std::unique_ptr<storage::Reader>> open_watched(std::string_view uri,
                                                             std::atomic<int64_t>* heartbeat) {
  const StorageWait wait(heartbeat);
  auto reader = LIDO_TRY(storage::open_reader(uri));
  return std::make_unique<WatchedReader>(std::move(reader), heartbeat);
}

/// Begins to write an object as Store::create() does. This and each call of the writer are waits.
inline Result<std::unique_ptr<storage::Writer>> create_watched(storage::Store& store,
                                                               const std::string& name,
                                                               std::atomic<int64_t>* heartbeat) {
  const StorageWait wait(heartbeat);
  auto writer = LIDO_TRY(store.create(name));
  return std::make_unique<WatchedWriter>(std::move(writer), heartbeat);
}

}  // namespace lido::part
