// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/augment.h"
#include "lido/dataset/jpeg.h"
#include "lido/dataset/sample_tables.h"
#include "lido/loader/batch.h"

namespace lido::loader {

/// Randomness of the augmentation in one epoch.
struct AugmentSeed {
  uint64_t seed = 0;
  int64_t epoch = 0;
};

/// Draws the augmentation of a sample in one epoch. Pure.
dataset::Augmentation augmentation_of(const dataset::SampleRow& row, const Shape& shape,
                                      const AugmentSeed& seed);

/// Decodes samples one after another. Not thread-safe.
class SampleDecoder {
 public:
  /// @param keypoints  Names of the keypoints in the rows; empty for none.
  explicit SampleDecoder(std::vector<std::string> keypoints = {})
      : keypoint_names_(std::move(keypoints)) {}

  /// Returns the size of a sample's frames, from the header of its first one.
  /// @param bytes  The sample's bytes in the shard.
  /// @return kCorrupt, without the sample's name.
  Result<Shape> shape_of(std::span<const std::byte> bytes);

  /// Checks a sample's checksum, decodes its frames and augments them, and moves the boxes and
  /// keypoints of its row and labels with them.
  /// @param seed  No value: the frames stay as stored.
  /// @param into  shape.bytes() bytes; empty: no frame is decoded.
  /// @return kCorrupt for a broken sample, and kInvalidArgument for frames of another shape,
  ///         without the sample's name.
  Result<void> decode(dataset::SampleRow& row, std::span<const std::byte> bytes, const Shape& shape,
                      const std::optional<AugmentSeed>& seed, std::span<uint8_t> into);

 private:
  std::vector<std::string> keypoint_names_;
  dataset::JpegDecoder jpeg_;
  media::Image frame_;
};

}  // namespace lido::loader
