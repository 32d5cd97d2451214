// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "lido/cluster/jobs.h"
#include "lido/cluster/kube.h"
#include "lido/ingest/ingest.h"
#include "lido/part/progress.h"
#include "on_ray.h"

namespace lido::cli {

/// Connection to a Ray cluster.
struct Target {
  std::optional<cluster::Kube::Forward> forward;  ///< Keeps the port open; empty for https://.
  cluster::JobsApi api;
};

/// Names of a Ray cluster and of the means to connect to it.
struct TargetOptions {
  std::string on;          ///< "k8s:NAMESPACE/CLUSTER" or "https://HOST".
  std::string token_file;  ///< File with the token of an https:// cluster; empty for none.
  std::string kubeconfig;  ///< For k8s: targets; empty for kubectl's default.
  std::string context;     ///< For k8s: targets; empty for the current one.
};

/// Whether `on` names a cluster: "k8s:NAMESPACE/CLUSTER", "https://HOST" or "http://HOST".
bool is_cluster(const std::string& on);

/// Connects to a cluster, and checks the version of its Ray.
/// @return kInvalidArgument for a bad name, token or version; kNotFound when there is no such
///         cluster or no kubectl; kUnavailable when the cluster does not answer.
Result<Target> connect_to(const TargetOptions& options);

/// Submits an ingest as a job, or finds the job that the same command submitted before, and follows
/// the job to its end.
/// @param on  Name of the cluster, for messages.
/// @param text  Result of request_text().
/// @param ray  Resources that each task requests.
/// @return kCancelled when the user stops waiting or the job is cancelled.
Result<RayOutcome> ingest_on_cluster(const std::string& on, Target& target,
                                     const ingest::Request& request, const std::string& text,
                                     const RayOptions& ray, part::Progress& progress);

}  // namespace lido::cli
