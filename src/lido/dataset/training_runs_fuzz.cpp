// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as the file of a training run.
#include "lido/dataset/training_runs.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::dataset;
  const auto run = parse_training_run("id", {reinterpret_cast<const char*>(data), size});
  if (run) (void)run->reads({.split = "train"});
  return 0;
}
