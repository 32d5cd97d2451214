// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/body/body.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bodies =
      lido::synth::Bodies::read({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (bodies) (void)bodies->figure({.id = 1, .age_years = 30}, {});
  return 0;
}
