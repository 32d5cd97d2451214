// SPDX-License-Identifier: Apache-2.0
#include "lido/infer/bundle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)lido::infer::parse_bundle({reinterpret_cast<const char*>(data), size});
  return 0;
}
