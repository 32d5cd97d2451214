// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "lido/ingest/job_context.h"
#include "lido/ingest/request.h"

namespace lido::ingest {

/// Sums over the clips of a job.
struct ClipTotals {
  int64_t frames = 0;
  int64_t samples = 0;
  int64_t left_over = 0;      ///< Sum of ClipRow::left_over.
  int64_t unused_frames = 0;  ///< Frames in no sample of any kind.
  int64_t spans = 0;
  int64_t rejected = 0;           ///< Clips of which nothing is used.
  int64_t broken = 0;             ///< Clips that are used except for their gaps.
  double hours = 0;               ///< Footage read.
  double skipped_hours = 0;       ///< Footage skipped by --fps auto.
  double gap_hours = 0;           ///< Footage left out in gaps.
  std::vector<ClipFault> faults;  ///< As Summary::faults.
};

/// Adds a clip's fault to those that a summary names, unless there are enough of its kind.
void add_fault(std::vector<ClipFault>& faults, ClipFault fault);

/// Appends the job's clips to the tables of a generation, and records their samples in job.clips.
/// Rejected clips, gaps and forgotten samples are left out.
/// @return kCorrupt when a part changed since it was written, kCancelled.
Result<ClipTotals> append_clips(const JobContext& job, dataset::Tables& tables);

}  // namespace lido::ingest
