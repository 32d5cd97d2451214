// SPDX-License-Identifier: Apache-2.0
// Tests only: a chart, and values files over its defaults.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "lido/cluster/values.h"

namespace lido::cluster::values_testing {

inline constexpr std::string_view kDefaults = R"(
name: lido
platform: gke-autopilot
image: {repository: "", tag: ""}
operator: {install: auto}
suspendAfterMinutes: 30
clusters:
  data:
    enabled: true
    idleTimeoutSeconds: 60
    head: {cpu: 1, memoryGiB: 4, objectStoreGiB: 0.25, spillGiB: 2}
    groups:
      driver:
        {cpu: 1, memoryGiB: 4, objectStoreGiB: 0.25, spillGiB: 2, min: 0, max: 4, cpus: 0,
         resources: {driver: 1}}
      cpu: {cpu: 4, memoryGiB: 16, objectStoreGiB: 1, spillGiB: 5, min: 0, max: 50, spot: false}
  training:
    enabled: false
    idleTimeoutSeconds: 300
    head: {cpu: 1, memoryGiB: 4, objectStoreGiB: 0.25, spillGiB: 2}
    groups:
      gpu:
        {cpu: 8, memoryGiB: 32, objectStoreGiB: 4, spillGiB: 10, min: 0, max: 4,
         gpu: {type: nvidia-l4, count: 1}}
)";

inline const ChartFiles kChart{std::string(kDefaults), R"({"type": "object", "properties": {
    "name": {"type": "string"}, "platform": {"enum": ["gke-autopilot", "kubernetes"]},
    "image": {}, "env": {}, "serviceAccount": {}, "jobs": {}, "autoscaler": {},
    "clusters": {"type": "object"}},
    "additionalProperties": false})"};

/// Reads a file with settings of the data cluster.
inline Result<Values> with_data(std::string_view settings, std::string_view more = "") {
  return read_values(fmt::format("clusters: {{data: {{{}}}}}\n{}", settings, more), "v.yaml",
                     kChart);
}

}  // namespace lido::cluster::values_testing
