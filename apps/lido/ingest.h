// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli.h"
#include "on_ray.h"
#include "target_options.h"

namespace lido::cli {

/// An ingest that a cluster runs as a job.
struct ClusterIngest {
  TargetOptions target;
  std::string job;      ///< Name of the command's jobs.
  std::string dataset;  ///< Where the job writes.
  std::string request;  ///< Result of request_text().
  RayOptions ray;       ///< Resources that each task requests.
};

/// Submits an ingest as a job, or finds the job that the same command submitted before, and follows
/// the job to its end.
/// @return kCancelled when the user stops waiting or the job is cancelled.
using FollowIngest = std::function<Result<RayOutcome>(part::Progress&)>;
/// Connects to a cluster.
using ConnectIngest = Result<FollowIngest> (*)(const ClusterIngest& ingest);

/// @param from_files  Flags that a lido.toml gave, which an existing dataset's options override.
/// @param connect     For --on k8s: and https://; null in a program without clusters' commands.
void add_ingest(CLI::App& app, int& exit, const std::vector<std::string>& from_files,
                ConnectIngest connect);

}  // namespace lido::cli
