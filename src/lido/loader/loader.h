// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/dataset.h"
#include "lido/loader/batch.h"
#include "lido/loader/options.h"
#include "lido/loader/position.h"

namespace lido::loader {

/// Reads the samples of a split, epoch after epoch, for one of several workers.
///
/// Threads of its own read, decode and augment ahead of next(). The batches are a function of the
/// dataset, the options, the position and the share, never of the number of threads. In each epoch,
/// the workers together get every sample once.
///
/// Memory: twice shuffle_mb, batches_ahead batches, and 32 bytes for a MiB of shards; TMPDIR holds
/// about a kB a sample. Not thread-safe, except where noted.
class Loader {
 public:
  /// @param generation  Number of the generation; 0 for the latest.
  /// @param position    Text of position_text() of this or any other number of workers; empty:
  ///                    the start of epoch 0.
  /// @return kInvalidArgument for bad options, a bad share, and a position in other data;
  ///         kDegenerate for a split with fewer samples than workers; errors of the dataset.
  static Result<Loader> open(std::string_view uri, int generation, const LoaderOptions& options,
                             const Share& share = {}, std::string_view position = {});
  Loader(Loader&&) noexcept;
  Loader& operator=(Loader&&) noexcept;
  /// Stops the threads, and waits for a read in progress.
  ~Loader();

  /// Waits for the next batch. Only the last one of an epoch may have fewer than batch_size
  /// samples.
  /// @return No value once at the end of each epoch; the next call begins the next epoch. kCorrupt
  ///         names the shard and the sample, and is returned again by every later call.
  Result<std::optional<Batch>> next();

  /// Waits until next() would return at once, for at most `wait`. @return Whether it would.
  bool is_ready(std::chrono::milliseconds wait) const;

  /// Returns the position of the whole run after the batches that next() has returned, provided
  /// that each worker has taken as many as this one. Thread-safe.
  Position position() const;

  /// Samples in an epoch, of all workers.
  int64_t samples() const;
  /// Batches in a whole epoch of the worker that has the most.
  int64_t batches() const;
  int generation() const;
  /// The labels that the dataset knows, by task.
  const dataset::Vocabulary& labels() const;
  /// Names of the keypoints in the rows; empty without a pose network.
  const std::vector<std::string>& keypoints() const;

 private:
  class Pipeline;
  explicit Loader(std::unique_ptr<Pipeline> pipeline);
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace lido::loader
