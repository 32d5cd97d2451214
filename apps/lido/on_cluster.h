// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cluster_connection.h"
#include "lido/ingest/ingest.h"
#include "lido/part/progress.h"
#include "on_ray.h"

namespace lido::cli {

/// Returns the name of a command's jobs.
/// @param asked  The command's request, before an existing dataset's options complete it: a job
///     that has just made the dataset must be found by the same command.
std::string job_name(const ingest::Request& asked);

struct IngestJob {
  std::string name;     ///< Result of job_name().
  std::string dataset;  ///< Where it writes.
  std::string text;     ///< Result of request_text().
  RayOptions ray;       ///< Resources that each task requests.
};

/// Submits an ingest as a job, or finds the job that the same command submitted before, and follows
/// the job to its end.
/// @param on  Name of the cluster, for messages.
/// @return kCancelled when the user stops waiting or the job is cancelled.
Result<RayOutcome> ingest_on_cluster(const std::string& on, Target& target, const IngestJob& job,
                                     part::Progress& progress);

}  // namespace lido::cli
