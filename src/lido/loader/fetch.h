// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/dataset.h"
#include "lido/loader/index.h"

namespace lido::loader {

/// Bounds the compressed bytes in memory. Thread-safe.
class HeldBytes {
 public:
  explicit HeldBytes(int64_t limit) : limit_(limit) {}
  /// Waits until the bytes fit below the limit, or no others are held, and counts them.
  /// @return kCancelled after a stop request.
  Result<void> acquire(int64_t bytes, const std::stop_token& stop);
  void release(int64_t bytes);

 private:
  const int64_t limit_;
  std::mutex mutex_;
  std::condition_variable_any released_;
  int64_t held_ = 0;
};

/// A chunk in memory.
struct FetchedChunk {
  std::string bytes;
  int64_t offset = 0;  ///< Position of the bytes in the shard.
  std::vector<dataset::SampleRow> rows;
  std::shared_ptr<HeldBytes> held;  ///< The bytes are released with the chunk; may be null.

  FetchedChunk() = default;
  FetchedChunk(const FetchedChunk&) = delete;
  FetchedChunk& operator=(const FetchedChunk&) = delete;
  ~FetchedChunk() {
    if (held) held->release(std::ssize(bytes));
  }
  /// Returns the bytes of a sample.
  std::span<const std::byte> sample(size_t number) const {
    const dataset::SampleRow& row = rows[number];
    return std::as_bytes(std::span(bytes))
        .subspan(static_cast<size_t>(row.offset - offset), static_cast<size_t>(row.length));
  }
};

/// Reads chunks from a dataset's shards, several at a time: two from a disk, more from a bucket.
class ChunkFetcher {
 public:
  /// @param dataset,index  Must outlive the fetcher.
  ChunkFetcher(const dataset::Dataset& dataset, const SampleIndex& index);

  /// Reads chunks of the index. @param numbers  Indices into SampleIndex::chunks().
  /// @return The chunks in that order; the first error of one, which names its shard.
  Result<std::vector<std::shared_ptr<FetchedChunk>>> fetch(std::span<const uint32_t> numbers,
                                                           const std::stop_token& stop) const;

 private:
  Result<std::shared_ptr<FetchedChunk>> fetch_one(const Chunk& chunk) const;

  const dataset::Dataset& dataset_;
  const SampleIndex& index_;
  int parallel_;
};

}  // namespace lido::loader
