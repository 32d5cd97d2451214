// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "lido/dataset/dataset.h"

namespace lido::dataset {

/// Writes shards again without removed samples, while the rows of a manifest pass through it in
/// order. Holds the rows of one shard in memory. Not thread-safe.
class ShardRewriter {
 public:
  /// Returns positions of the records that remove a sample; empty for a sample that stays.
  using Find = std::function<std::vector<size_t>(const SampleRow&)>;

  /// @param generation  Number of the generation to be published, for the names of new shards.
  /// @param manifest    Receives the rows that stay, with their new places.
  /// @param records     Receive the checksums of their shards, before and after.
  ShardRewriter(const Dataset& dataset, int generation, Find find, TableWriter<SampleRow>& manifest,
                std::vector<Forgotten>& records)
      : dataset_(dataset),
        generation_(generation),
        find_(std::move(find)),
        manifest_(manifest),
        records_(records) {}

  /// Takes the next row of the manifest.
  Result<void> add(SampleRow row);
  /// Takes the end of the manifest.
  Result<void> finish();

 private:
  Result<void> flush();
  Result<void> rewrite(const std::string& name);

  const Dataset& dataset_;
  int generation_;
  Find find_;
  TableWriter<SampleRow>& manifest_;
  std::vector<Forgotten>& records_;
  std::vector<SampleRow> kept_;  // rows of the present shard that stay
  std::set<size_t> removing_;    // records that remove samples of the present shard
  std::string shard_;            // the present shard
  std::set<std::string> names_;  // names of the shards written
};

}  // namespace lido::dataset
