// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ingest.h"

namespace lido::cli {

/// Connects to the cluster that runs an ingest.
/// @return Errors of connect_to().
Result<FollowIngest> connect_ingest(const ClusterIngest& ingest);

}  // namespace lido::cli
