// SPDX-License-Identifier: Apache-2.0
// Any text as a lido.toml: each value that is read has a key and a place.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto entries =
      lido::cli::parse_config({reinterpret_cast<const char*>(data), size}, "lido.toml");
  if (!entries) return 0;
  for (const auto& entry : *entries) {
    if (entry.key.empty() || !entry.place.starts_with("lido.toml:")) std::abort();
  }
  return 0;
}
