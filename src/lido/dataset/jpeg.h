// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "lido/base/result.h"
#include "lido/media/convert.h"

namespace lido::dataset {

/// Compresses images to JPEG, 4:2:0. The bytes do not depend on the CPU's instruction set. Not
/// thread-safe.
class JpegEncoder {
 public:
  JpegEncoder();
  ~JpegEncoder();
  /// @param quality  1 to 100.
  /// @return kDegenerate for an image that JPEG cannot hold.
  Result<std::string> encode(const media::Image& image, int quality);

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

/// Width and height of an image, pixels.
struct JpegSize {
  int width = 0;
  int height = 0;
  bool operator==(const JpegSize&) const = default;
};

/// Decompresses JPEGs of at most 8192 x 8192 pixels one after another, with one decompressor. Not
/// thread-safe.
class JpegDecoder {
 public:
  JpegDecoder();
  ~JpegDecoder();
  /// Reads the header. @return kCorrupt for no JPEG, and for a larger image.
  Result<JpegSize> read_size(std::span<const std::byte> bytes);
  /// Decodes into memory of the caller, rows of RGB without padding.
  /// @param rgb  Exactly width x height x 3 bytes of read_size().
  /// @return kCorrupt.
  Result<void> decode(std::span<const std::byte> bytes, std::span<uint8_t> rgb);

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

/// Decodes a JPEG of at most 8192 x 8192 pixels. Thread-safe. @return kCorrupt.
Result<media::Image> decode_jpeg(std::span<const std::byte> bytes);

}  // namespace lido::dataset
