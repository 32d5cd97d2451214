// SPDX-License-Identifier: Apache-2.0
// Any text as the config.yaml of a training run: what is read comes back from its own YAML.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lido/model/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::model;
  const auto config = parse_config({reinterpret_cast<const char*>(data), size}, "config.yaml");
  if (!config) return 0;
  const std::string yaml = to_yaml(*config);
  const auto again = parse_config(yaml, "config.yaml");
  if (!again || to_yaml(*again) != yaml) std::abort();
  return 0;
}
