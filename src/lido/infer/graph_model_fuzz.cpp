// SPDX-License-Identifier: Apache-2.0
// A TensorFlow.js model: its JSON up to the first byte 0, its weights behind that.
#include "lido/infer/graph_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(all.find('\0'), size);
  (void)lido::infer::freeze_graph_model(all.substr(0, end), all.substr(std::min(end + 1, size)));
  return 0;
}
