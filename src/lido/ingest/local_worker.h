// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/ingest/job_context.h"
#include "lido/part/progress.h"

namespace lido::ingest {

/// Makes the parts that are missing on threads of this process, and records their gaps and
/// failures.
/// @return kUnavailable when storage fails, kCancelled.
Result<void> make_parts(const JobContext& job, part::Progress& progress);

}  // namespace lido::ingest
