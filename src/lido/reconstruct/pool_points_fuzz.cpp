// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as a file of points and clicks.
#include "lido/reconstruct/pool_points.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  lido::geometry::Site site;
  site.pool.outline = {{0, 0}, {25, 0}, {25, 12.5}, {0, 12.5}};
  site.cameras.emplace_back().name = "a";
  static_cast<void>(lido::reconstruct::read_pool_points(text, "fuzz", site));
  return 0;
}
