// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lido/loader/index.h"

namespace lido::loader {

/// Everything that an order depends on, besides the chunks.
struct OrderOptions {
  bool shuffle = true;
  uint64_t seed = 0;
  int64_t epoch = 0;
  int64_t pool_bytes = 64 << 20;  ///< Compressed samples that are mixed together.
};

/// Chunks whose samples are mixed, in one stretch of the epoch's order.
struct ChunkPool {
  int64_t begin = 0;  ///< First position in the order.
  int64_t end = 0;    ///< Position after the last one.
  size_t first_chunk = 0;
  size_t end_chunk = 0;  ///< Indices into the epoch's order of chunks.
  int64_t bytes = 0;
};

/// One sample, by its chunk.
struct ChunkSample {
  uint32_t chunk = 0;  ///< Index into the chunks of the index.
  int32_t sample = 0;  ///< Number in the chunk, from 0.
  bool operator==(const ChunkSample&) const = default;
};

/// The order of all samples in one epoch: a function of the chunks and the options only, so that
/// every worker knows it. Chunks are put into a random order and divided into pools; within a pool
/// the samples are put into a random order. Memory: 4 bytes a chunk. Thread-safe.
class EpochOrder {
 public:
  /// @param chunks  Must outlive the order.
  EpochOrder(std::span<const Chunk> chunks, const OrderOptions& options);

  /// The pools, by position; together they hold each position once.
  const std::vector<ChunkPool>& pools() const { return pools_; }
  /// Returns the samples at the positions from `begin` to `end` of one pool, in order.
  std::vector<ChunkSample> places(const ChunkPool& pool, int64_t begin, int64_t end) const;

 private:
  std::span<const Chunk> chunks_;
  OrderOptions options_;
  std::vector<uint32_t> chunk_order_;
  std::vector<ChunkPool> pools_;
};

}  // namespace lido::loader
