// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/dataset.h"
#include "lido/loader/options.h"
#include "lido/loader/scratch_file.h"

namespace lido::loader {

/// Neighbouring samples of one shard, which are read with one request.
struct Chunk {
  int32_t shard = 0;    ///< Index into SampleIndex::shards().
  int32_t samples = 0;  ///< 1 or more.
  int64_t first = 0;    ///< Number of its first sample, in the order of shards.
  int64_t offset = 0;   ///< Position in the shard, bytes.
  int64_t bytes = 0;    ///< Length in the shard.
};

/// The samples of one split in the order of shards and of places in them.
///
/// The rows of the manifest are on disk, in a scratch file of about a kB a sample. Memory has about
/// 32 bytes for a MiB of shards. Reading is thread-safe.
class SampleIndex {
 public:
  /// Reads the manifest of a generation.
  /// @param options  Uses split and samples.
  /// @return kDegenerate when the split has no samples; kCorrupt for a row with impossible values;
  /// errors of the table; kUnavailable when TMPDIR is full.
  static Result<SampleIndex> make(const dataset::Dataset& dataset, int generation,
                                  const LoaderOptions& options);

  int64_t samples() const { return samples_; }
  const std::vector<Chunk>& chunks() const { return chunks_; }
  const std::vector<std::string>& shards() const { return shards_; }
  /// Checksum of all keys and contents, which does not depend on labels: 16 hexadecimal digits.
  const std::string& data() const { return data_; }

  /// Returns the rows of a chunk in order of their places. Row::offset counts from the shard's
  /// start. @return kUnavailable.
  Result<std::vector<dataset::SampleRow>> rows(const Chunk& chunk) const;

 private:
  SampleIndex(ScratchFile entries, ScratchFile rows)
      : entries_(std::move(entries)), rows_(std::move(rows)) {}

  Result<void> add(const dataset::SampleRow& row);
  Result<void> cut_chunks();
  int32_t shard_number(const std::string& name);

  ScratchFile entries_;  // an Entry for each sample
  ScratchFile rows_;     // the rows as bytes
  std::vector<std::string> shards_;
  std::unordered_map<std::string, int32_t> numbers_;  // the shards' numbers by name
  std::vector<Chunk> chunks_;
  int64_t samples_ = 0;
  uint64_t sum_ = 0;  // the samples' hashes, added up
  std::string data_;
};

}  // namespace lido::loader
