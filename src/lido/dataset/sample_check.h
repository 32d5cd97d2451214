// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/dataset.h"

namespace lido::dataset {

/// Reads samples, and counts those whose bytes are lost or changed: a shard that is missing or too
/// short, a checksum that differs from the manifest, an image that does not decode. Not
/// thread-safe.
class SampleCheck {
 public:
  /// Reads and decodes a sample.
  /// @return Errors that are no damage: a network that does not answer; kCorrupt for a shard's name
  ///         that leads out of the dataset.
  Result<void> read(const Dataset& dataset, const SampleRow& row);

  int64_t samples() const { return samples_; }  ///< Samples read, damaged or not.
  int64_t damaged() const { return damaged_; }
  /// Shards with damaged samples, by name.
  const std::set<std::string>& shards() const { return shards_; }
  /// The first three damaged samples: "SHARD: sample KEY: REASON".
  const std::vector<std::string>& first() const { return first_; }
  /// Returns one line with the counts, the first damaged samples and the next step; empty when
  /// nothing is damaged.
  std::string warning() const;

 private:
  int64_t samples_ = 0;
  int64_t damaged_ = 0;
  std::set<std::string> shards_;
  std::vector<std::string> first_;
};

}  // namespace lido::dataset
