// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string_view>

#include "lido/reconstruct/board.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(lido::reconstruct::read_board(text, "fuzz"));
  return 0;
}
