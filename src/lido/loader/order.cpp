// SPDX-License-Identifier: Apache-2.0
#include "lido/loader/order.h"

#include <numeric>
#include <string>

#include "lido/base/hash.h"
#include "lido/loader/shuffler.h"

namespace lido::loader {

EpochOrder::EpochOrder(std::span<const Chunk> chunks, const OrderOptions& options)
    : chunks_(chunks), options_(options), chunk_order_(chunks.size()) {
  std::iota(chunk_order_.begin(), chunk_order_.end(), 0U);
  if (options.shuffle) {
    Shuffler random(derive_seed(options.seed, {"chunks", std::to_string(options.epoch)}));
    random.shuffle(std::span(chunk_order_));
  }
  for (size_t i = 0; i < chunk_order_.size(); ++i) {
    const Chunk& chunk = chunks_[chunk_order_[i]];
    if (pools_.empty() || pools_.back().bytes >= options.pool_bytes) {
      const int64_t begin = pools_.empty() ? 0 : pools_.back().end;
      pools_.push_back({.begin = begin, .end = begin, .first_chunk = i, .end_chunk = i});
    }
    ChunkPool& pool = pools_.back();
    pool.end += chunk.samples;
    pool.end_chunk = i + 1;
    pool.bytes += chunk.bytes;
  }
}

std::vector<ChunkSample> EpochOrder::places(const ChunkPool& pool, int64_t begin,
                                            int64_t end) const {
  std::vector<ChunkSample> all;
  all.reserve(static_cast<size_t>(pool.end - pool.begin));
  for (size_t i = pool.first_chunk; i < pool.end_chunk; ++i) {
    for (int32_t sample = 0; sample < chunks_[chunk_order_[i]].samples; ++sample)
      all.push_back({chunk_order_[i], sample});
  }
  if (options_.shuffle) {
    Shuffler random(derive_seed(
        options_.seed, {"samples", std::to_string(options_.epoch), std::to_string(pool.begin)}));
    random.shuffle(std::span(all));
  }
  return {all.begin() + (begin - pool.begin), all.begin() + (end - pool.begin)};
}

}  // namespace lido::loader
