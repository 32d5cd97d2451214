// SPDX-License-Identifier: Apache-2.0
// Any text as the model.json of a trained network: a model that is read can be described, and its
// windows have a size.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "lido/model/bundle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::model;
  const auto model = parse_model(std::string(reinterpret_cast<const char*>(data), size));
  if (!model) return 0;
  (void)card_of(*model);
  if (model->inputs().empty()) std::abort();
  for (const auto& input : model->inputs()) {
    if (input.size() < 1) std::abort();
  }
  return 0;
}
