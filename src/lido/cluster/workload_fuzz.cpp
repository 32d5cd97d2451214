// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/workload.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::cluster;
  RayClusterValues cluster{.name = "data", .enabled = true};
  cluster.groups = {{.name = "cpu", .max = 4, .cpus = 2}};
  const Values values{.clusters = {cluster}};
  (void)read_workload({reinterpret_cast<const char*>(data), size}, "fuzz", values);
  return 0;
}
