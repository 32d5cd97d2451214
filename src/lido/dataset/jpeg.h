// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "lido/base/result.h"
#include "lido/media/convert.h"

namespace lido::dataset {

/// Compresses pictures, 4:2:0. The same bytes on every x86 CPU (SIMD equals plain C). Not
/// thread-safe.
class JpegEncoder {
 public:
  JpegEncoder();
  ~JpegEncoder();
  /// @param quality  1 to 100.
  Result<std::string> encode(const media::Image& image, int quality);

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

/// @return kCorrupt when the bytes are no JPEG of at most 8192 x 8192.
Result<media::Image> decode_jpeg(std::span<const std::byte> bytes);

}  // namespace lido::dataset
