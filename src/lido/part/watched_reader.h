// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "lido/storage/reader.h"

namespace lido::part {

/// Reads for a step that is watched: each read is progress, and the time it takes is not the
/// decoder's. Not thread-safe.
class WatchedReader final : public storage::Reader {
 public:
  /// @param reader     Must outlive this object.
  /// @param heartbeat  Even between reads, odd during one; null for a step that is not watched.
  WatchedReader(storage::Reader& reader, std::atomic<int64_t>* heartbeat)
      : reader_(reader), heartbeat_(heartbeat != nullptr ? *heartbeat : unwatched_) {}

  int64_t size() const override { return reader_.size(); }
  size_t request_size() const override { return reader_.request_size(); }
  Result<size_t> read_at(int64_t offset, std::span<std::byte> into) override {
    ++heartbeat_;
    auto read = reader_.read_at(offset, into);
    ++heartbeat_;
    return read;
  }

 private:
  storage::Reader& reader_;
  std::atomic<int64_t> unwatched_ = 0;
  std::atomic<int64_t>& heartbeat_;
};

}  // namespace lido::part
