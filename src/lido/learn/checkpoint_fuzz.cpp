// SPDX-License-Identifier: Apache-2.0
// Any bytes as a checkpoint, as they are and under a checksum that fits: what is read comes back
// from its own bytes.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lido/base/hash.h"
#include "lido/learn/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::learn;
  const std::string rest(reinterpret_cast<const char*>(data), size);
  (void)parse_checkpoint(rest);
  const auto checkpoint =
      parse_checkpoint("lido checkpoint 1 " + lido::sha256_hex(rest) + "\n" + rest);
  if (!checkpoint) return 0;
  const std::string bytes = to_bytes(*checkpoint);
  const auto again = parse_checkpoint(bytes);
  if (!again || to_bytes(*again) != bytes) std::abort();
  return 0;
}
