// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "lido/dataset/sample_tables.h"

namespace lido::loader {

/// Size of a sample's frames.
struct Shape {
  int frames = 0;
  int height = 0;  ///< Pixels.
  int width = 0;   ///< Pixels.
  bool operator==(const Shape&) const = default;

  /// Bytes of one frame, RGB.
  size_t frame_bytes() const {
    return static_cast<size_t>(height) * static_cast<size_t>(width) * 3;
  }
  /// Bytes of all frames of a sample.
  size_t bytes() const { return static_cast<size_t>(frames) * frame_bytes(); }
};

/// Memory of batches, used again: fresh memory costs a page fault for every 4 kB. Thread-safe.
class BatchMemory : public std::enable_shared_from_this<BatchMemory> {
 public:
  /// Returns memory for `bytes` bytes, of any content. It may outlive the BatchMemory's other
  /// owners, and returns to it when the last copy of the pointer is gone.
  std::shared_ptr<uint8_t[]> take(size_t bytes);

 private:
  static constexpr size_t kMaxKept = 4;
  struct Block {
    std::unique_ptr<uint8_t[]> memory;
    size_t bytes = 0;
  };
  std::mutex mutex_;
  std::vector<Block> kept_;
};

/// Samples for one step of training.
struct Batch {
  int64_t epoch = 0;
  Shape shape;
  /// rows.size() x frames x height x width x RGB, uint8; null with LoaderOptions::pixels false.
  std::shared_ptr<uint8_t[]> pixels;
  /// Rows of the manifest; boxes and keypoints are those of the augmented frames.
  std::vector<dataset::SampleRow> rows;
};

/// Returns the class of each sample for one task: the index of its label in `classes`, of several
/// the one with the greatest overlap (of equal ones the first class); -1 for a sample without one.
std::vector<int64_t> targets(const std::vector<dataset::SampleRow>& rows, std::string_view task,
                             const std::vector<std::string>& classes);

}  // namespace lido::loader
