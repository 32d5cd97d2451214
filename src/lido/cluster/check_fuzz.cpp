// SPDX-License-Identifier: Apache-2.0
// Any bytes as a manifest.
#include "lido/cluster/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto check =
      lido::cluster::check_manifest({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (check) {
    for (const auto& finding : check->findings) {
      if (finding.rule == nullptr || finding.line < 1) __builtin_trap();
    }
  }
  return 0;
}
