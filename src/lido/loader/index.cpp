// SPDX-License-Identifier: Apache-2.0
#include "lido/loader/index.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <tuple>

#include "lido/loader/row_codec.h"

namespace lido::loader {
namespace {

/// Size of a chunk: a sensible request to a bucket. Part of the order of samples.
constexpr int64_t kChunkBytes = 1 << 20;
/// Foreign bytes between two samples that are read and discarded rather than skipped.
constexpr int64_t kMaxGap = 64 << 10;
/// Largest sample: 8192 images of 128 kB.
constexpr int64_t kMaxSample = 1 << 30;

/// Where a sample is in its shard, and where its row is in the scratch file.
struct Entry {
  int32_t shard = 0;
  int32_t row_bytes = 0;
  int64_t offset = 0;
  int64_t length = 0;
  int64_t row_at = 0;
};

std::span<Entry> as_entries(std::span<std::byte> bytes) {
  return {reinterpret_cast<Entry*>(bytes.data()), bytes.size() / sizeof(Entry)};
}

/// FNV-1a. Source: Fowler, Noll, Vo.
uint64_t hash_of(std::string_view text, uint64_t hash) {
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

bool is_wanted(const dataset::SampleRow& row, const LoaderOptions& options) {
  if (row.split != options.split) return false;
  if (options.samples == "all") return true;
  if (options.samples == "frame") return row.track == 0;
  return row.track != 0 && row.source != "motion";
}

std::unexpected<Error> no_samples(const dataset::Dataset& dataset, const LoaderOptions& options) {
  const std::string kind = options.samples == "all" ? "" : options.samples + " ";
  return fail(ErrorCode::kDegenerate, "{}: no {}samples in the split {}", dataset.store().uri(),
              kind, options.split);
}

}  // namespace

Result<SampleIndex> SampleIndex::make(const dataset::Dataset& dataset, int generation,
                                      const LoaderOptions& options) {
  SampleIndex index(LIDO_TRY(ScratchFile::create()), LIDO_TRY(ScratchFile::create()));
  LIDO_TRY(
      dataset.visit<dataset::SampleRow>(generation, [&](dataset::SampleRow& row) -> Result<void> {
        return is_wanted(row, options) ? index.add(row) : Result<void>();
      }));
  if (index.samples_ == 0) return no_samples(dataset, options);
  LIDO_TRY(index.cut_chunks());
  LIDO_TRY(index.rows_.flush());
  index.data_ = fmt::format("{:016x}", index.sum_);
  return index;
}

int32_t SampleIndex::shard_number(const std::string& name) {
  const auto [found, is_new] = numbers_.emplace(name, static_cast<int32_t>(shards_.size()));
  if (is_new) shards_.push_back(name);
  return found->second;
}

Result<void> SampleIndex::add(const dataset::SampleRow& row) {
  if (row.offset < 0 || row.length <= 0 || row.length > kMaxSample ||
      row.offset > INT64_MAX - row.length) {
    return fail(ErrorCode::kCorrupt,
                "manifest.parquet: sample {}: bytes {} + {} of {}, want 1 to {} "
                "bytes from 0 on",
                row.sample, row.offset, row.length, row.shard, kMaxSample);
  }
  std::string bytes;
  RowWriter(bytes).add(row);
  const Entry entry{shard_number(row.shard), static_cast<int32_t>(bytes.size()), row.offset,
                    row.length, rows_.size()};
  LIDO_TRY(rows_.append(std::as_bytes(std::span(bytes))));
  LIDO_TRY(entries_.append(std::as_bytes(std::span(&entry, 1))));
  sum_ += hash_of(row.sha256, hash_of(row.sample, 0xcbf29ce484222325));
  ++samples_;
  return {};
}

Result<void> SampleIndex::cut_chunks() {
  std::vector<int32_t> rank(shards_.size());
  std::vector<int32_t> by_name(shards_.size());
  std::iota(by_name.begin(), by_name.end(), 0);
  std::ranges::sort(by_name, {},
                    [&](int32_t shard) -> const std::string& { return shards_[shard]; });
  for (size_t i = 0; i < by_name.size(); ++i) rank[by_name[i]] = static_cast<int32_t>(i);
  return entries_.with_memory([&](std::span<std::byte> memory) {
    const std::span<Entry> entries = as_entries(memory);
    std::ranges::sort(entries, {}, [&](const Entry& entry) {
      return std::tuple(rank[entry.shard], entry.offset, entry.row_at);
    });
    for (size_t i = 0; i < entries.size(); ++i) {
      const Entry& entry = entries[i];
      Chunk* last = chunks_.empty() ? nullptr : &chunks_.back();
      const int64_t end = entry.offset + entry.length;
      if (last != nullptr && last->shard == entry.shard && end - last->offset <= kChunkBytes &&
          entry.offset - (last->offset + last->bytes) <= kMaxGap) {
        ++last->samples;
        last->bytes = std::max(last->bytes, end - last->offset);
      } else {
        chunks_.push_back({entry.shard, 1, static_cast<int64_t>(i), entry.offset, entry.length});
      }
    }
  });
}

Result<std::vector<dataset::SampleRow>> SampleIndex::rows(const Chunk& chunk) const {
  std::vector<Entry> entries(static_cast<size_t>(chunk.samples));
  LIDO_TRY(entries_.read_at(chunk.first * static_cast<int64_t>(sizeof(Entry)),
                            std::as_writable_bytes(std::span(entries))));
  std::vector<dataset::SampleRow> rows(entries.size());
  std::string bytes;
  for (size_t i = 0; i < entries.size(); ++i) {
    bytes.resize(static_cast<size_t>(entries[i].row_bytes));
    LIDO_TRY(rows_.read_at(entries[i].row_at, std::as_writable_bytes(std::span(bytes))));
    RowReader(bytes).take(rows[i]);
  }
  return rows;
}

}  // namespace lido::loader
