// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster_job.h"

namespace lido::cli {

/// Connects to the cluster that a job names.
/// @return Errors of connect_to().
Result<FollowJob> connect_job(const ClusterJob& job);

}  // namespace lido::cli
