// SPDX-License-Identifier: Apache-2.0
#include "lido/media/bitstream.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::media;
  if (size < 2) return 0;
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto syntax = static_cast<Syntax>(data[0] % 5);
  (void)framing_of(syntax, bytes.subspan(2));
  (void)read_facts({syntax, data[1] % 5}, bytes.subspan(2), (data[1] & 8) != 0);
  return 0;
}
