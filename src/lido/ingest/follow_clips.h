// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lido/ingest/job_context.h"

namespace lido::ingest {

/// Tracks objects through each clip as a whole, from the scene files of its spans. Writes the
/// tables, views and background plates of a scene folder. Where samples show people, gives each
/// clip a part with them. Needs job.detector.
/// @param folder  Scene folder, relative to the dataset.
/// @return kCorrupt when a scene file changed since it was written, kCancelled.
Result<void> follow_clips(const JobContext& job, const std::string& folder);

}  // namespace lido::ingest
