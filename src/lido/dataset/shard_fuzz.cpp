// SPDX-License-Identifier: Apache-2.0
// Any bytes as a shard: tar and the pictures in it.
#include "lido/dataset/jpeg.h"
#include "lido/dataset/tar.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::dataset;
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto entries = read_tar(bytes);
  if (entries) {
    for (const TarEntry& entry : *entries) (void)decode_jpeg(entry.content);
  }
  (void)decode_jpeg(bytes);
  return 0;
}
