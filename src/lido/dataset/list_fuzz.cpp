// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as a list of clips.
#include "lido/dataset/csv.h"
#include "lido/dataset/time.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::dataset;
  const auto table = parse_table({reinterpret_cast<const char*>(data), size}, {"clip"},
                                 {"group", "site", "camera", "start_utc"});
  if (!table) return 0;
  for (size_t row = 0; row < table->rows; ++row) (void)parse_utc(table->cell("start_utc", row));
  return 0;
}
