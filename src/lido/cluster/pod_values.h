// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/base/yaml.h"
#include "lido/cluster/autopilot.h"
#include "lido/cluster/values.h"

namespace lido::cluster {

/// Settings of a values file that its pods depend on.
struct PodContext {
  bool autopilot = false;
  PodRequests autoscaler;  ///< Requests of the container beside Ray in each head's pod.
  std::vector<std::string> warnings;
};

/// Reads the sizes of a head or of a group's pods.
/// @param node  A head or a group of a values file.
/// @return kInvalidArgument, with file and line, for a pod that cannot start.
Result<PodShape> read_pod(const Yaml& node, const PodContext& context);

/// Refuses node selectors that contradict the pod's other settings.
/// @param may_be_spot  False for heads and drivers: their end ends jobs.
Result<void> check_selector(const Yaml& node, const PodShape& pod, bool may_be_spot);

/// Refuses a pod that Autopilot rejects, and warns of requests that Autopilot raises.
/// @param path  Names the pod in warnings.
Result<void> check_autopilot(const Yaml& node, const PodShape& pod, const std::string& path,
                             PodContext& context);

}  // namespace lido::cluster
