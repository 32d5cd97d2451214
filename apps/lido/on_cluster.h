// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "lido/cluster/jobs.h"
#include "lido/cluster/kube.h"
#include "lido/part/progress.h"
#include "lido/ingest/ingest.h"
#include "on_ray.h"

namespace lido::cli {

/// A Ray cluster that jobs are given to, reached.
struct Target {
  std::optional<cluster::Kube::Forward> forward;  ///< Lives as long as the connection is wanted.
  cluster::JobsApi api;
};

/// Whether `on` names a cluster: "k8s:NAMESPACE/CLUSTER" or "https://HOST".
bool is_cluster(const std::string& on);

/// Reaches it, and sees that its Ray is the right one.
/// @param token_file  With the token of an https:// target; k8s: finds its own.
Result<Target> reach(const std::string& on, const std::string& token_file);

/// Gives the ingest to the cluster, or finds it running there, and waits for its end.
/// @param text  The request_text().
/// @param ray  What its tasks want.
/// @return kCancelled when somebody left it running.
Result<RayOutcome> ingest_on_cluster(const std::string& on, Target& target,
                                     const ingest::Request& request, const std::string& text,
                                     const RayOptions& ray, part::Progress& progress);

}  // namespace lido::cli
