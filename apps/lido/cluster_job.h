// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "lido/base/result.h"
#include "target_options.h"

namespace lido::cli {

/// Resources of the first worker that a job asks for.
struct FirstWorker {
  double cpus = 1;
  double gpus = 0;
  std::map<std::string, double> resources;
};

/// Work of one command that a cluster runs as a job: `python -m lido.ray` with a request.
struct ClusterJob {
  TargetOptions target;
  std::string name;     ///< Name of the command's jobs; each adds its number to it.
  std::string output;   ///< Where the job writes.
  std::string request;  ///< For `python -m lido.ray`, as JSON.
  std::string resume;   ///< Sentence about resuming the work after it was cancelled.
  FirstWorker worker;   ///< Requested early, while the driver starts.
};

/// Takes a line that `python -m lido.ray` printed. @return False for any other line.
using TakeLine = std::function<bool(std::string_view)>;

/// Submits a job, or finds the job that the same command submitted before, and follows it to its
/// end.
/// @return Its exit code, with any error printed; kCancelled when the user stops waiting or the job
///         is cancelled.
using FollowJob = std::function<Result<int>(const TakeLine&)>;
/// Connects to the cluster of a job.
using ConnectJob = Result<FollowJob> (*)(const ClusterJob& job);

}  // namespace lido::cli
