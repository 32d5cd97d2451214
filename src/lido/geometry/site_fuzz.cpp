// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as a site.yaml, and what is read written and read again.
#include "lido/geometry/site.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto site = lido::geometry::read_site(text, "fuzz");
  if (site) static_cast<void>(lido::geometry::read_site(to_yaml(*site, "again"), "again"));
  return 0;
}
