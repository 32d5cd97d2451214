// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "lido/base/result.h"
#include "lido/infer/bundle.h"
#include "lido/ingest/options.h"
#include "lido/ingest/plan.h"
#include "lido/ingest/progress.h"

namespace lido::ingest {

/// What to ingest, and where to.
struct Request {
  std::vector<std::string> inputs;
  std::string out;
  std::string labels;   ///< A labels file; empty for none.
  std::string classes;  ///< Labels the dataset shall know: "behaviour=drowning,swimming"; empty for
                        ///< those in the labels.
  SampleOptions sampling;
  JobOptions job;
};

/// What an ingest did.
struct Summary {
  int generation = 0;   ///< 0 when there was nothing new.
  int64_t clips = 0;    ///< New in this generation.
  int64_t known = 0;    ///< Clips the dataset had already.
  int64_t ignored = 0;  ///< Files that do not end like a video.
  int64_t rejected = 0;
  int64_t samples = 0;
  int64_t frames = 0;
  int64_t left_over = 0;
  int64_t shards = 0;
  int64_t shard_bytes = 0;
  int64_t source_bytes = 0;
  double source_hours = 0;
  double skipped_hours = 0;  ///< Passed over, because nothing moved.
  int64_t spans = 0;
  int64_t spans_resumed = 0;
};

/// The work that a request comes to, after every check that can be made beforehand.
struct Job {
  SampleOptions sampling;                 ///< As asked, what was left to Lido decided.
  nlohmann::ordered_json identity;        ///< Of the dataset: all that shapes its samples.
  std::optional<infer::Bundle> detector;  ///< Empty with --scene off.
  std::vector<ClipPlan> plans;            ///< Of the clips that are new.
  int64_t known = 0;                      ///< Clips the dataset has already.
  int64_t ignored = 0;                    ///< Files that do not end like a video.
};

/// Finds and plans the clips, and checks options, labels and the output folder. Writes nothing.
Result<Job> prepare(const Request& request, const std::stop_token& stop);

/// Does the job: parts, shards, tables. Run again after a kill, it goes on where it was; the result
/// is the same bytes. @return kCancelled when asked to stop.
Result<Summary> run(const Request& request, const Job& job, Progress& progress,
                    const std::stop_token& stop);

}  // namespace lido::ingest
