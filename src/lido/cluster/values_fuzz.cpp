// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/values.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr std::string_view kDefaults =
      "name: lido\nplatform: kubernetes\nimage: {repository: r}\noperator: {install: auto}\n"
      "suspendAfterMinutes: 30\nclusters:\n  data:\n    enabled: true\n    idleTimeoutSeconds: 60\n"
      "    head: {cpu: 1, memoryGiB: 4, objectStoreGiB: 1, spillGiB: 2}\n    groups:\n"
      "      cpu: {cpu: 4, memoryGiB: 16, objectStoreGiB: 1, spillGiB: 5, min: 0, max: 50}\n";
  constexpr std::string_view kSchema =
      R"({"type": "object", "properties": {"name": {"type": "string", "pattern": "^[a-z]+$"},
          "clusters": {"type": "object", "additionalProperties": {"type": "object"}}}})";
  (void)lido::cluster::read_values(text, "fuzz", {std::string(kDefaults), std::string(kSchema)});
  return 0;
}
