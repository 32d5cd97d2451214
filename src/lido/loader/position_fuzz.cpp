// SPDX-License-Identifier: Apache-2.0
// Any text as a loader's position, as a damaged checkpoint holds it. A position that is read is
// written as text that gives the same position.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lido/loader/position.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::loader;
  const auto position = parse_position({reinterpret_cast<const char*>(data), size});
  if (!position) return 0;
  const auto again = parse_position(to_text(*position));
  if (!again || *again != *position) std::abort();
  return 0;
}
