// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/dataset.h"
#include "lido/infer/bundle.h"
#include "lido/ingest/batches.h"
#include "lido/ingest/clip_db.h"
#include "lido/ingest/contents.h"
#include "lido/ingest/labelling.h"
#include "lido/ingest/request.h"
#include "lido/part/progress.h"

namespace lido::ingest {

/// A request that was checked, with its clips found and planned.
struct IngestPlan {
  part::SampleOptions sampling;           ///< As requested.
  nlohmann::ordered_json identity;        ///< The dataset's: identity_of().
  std::optional<infer::Bundle> detector;  ///< Empty with --scene off.
  std::optional<infer::Bundle> poses;     ///< Empty with --poses off.
  std::optional<infer::Bundle> hands;     ///< Empty with --hands off.
  std::unique_ptr<ClipDb> clips;          ///< New clips and their spans. Never null.
  ContentNotes contents;                  ///< Clips left out for their content.
  InputNotes notes;                       ///< Omissions of the search for clips.
  std::optional<RequestLabels> labels;    ///< The request's labels; never empty after prepare().
  int generation = 0;                     ///< Latest of the dataset at that time; 0 for none.
};

/// Checks options, labels and the output folder, finds the clips and plans their spans. Writes
/// nothing.
/// @return kInvalidArgument, kNotFound, kUnavailable or kCancelled.
Result<IngestPlan> prepare(const Request& request, const std::stop_token& stop);

/// An ingest that writes to its dataset, which is locked meanwhile. Finished parts stay in .work
/// when the process is killed. The next run of the same request resumes, and gives the same bytes.
class IngestRun {
 public:
  /// Creates the dataset when there is none, and locks it. Plans again when another run published a
  /// generation since the plan was made.
  /// @return kUnavailable when another process has the lock; otherwise as prepare().
  static Result<IngestRun> open(Request request, IngestPlan plan, const std::stop_token& stop = {});

  /// Batches of the spans without a part, for other processes: see write_batches().
  Result<std::vector<SpanBatch>> batches(int workers);
  /// The job's data that these processes need besides the spans: SharedWork as text.
  std::string shared_work() const;
  /// Makes the parts that are missing, then shards and tables, and publishes the generation.
  /// @return kCancelled when asked to stop.
  Result<Summary> finish(part::Progress& progress, const std::stop_token& stop);
  const dataset::Dataset& dataset() const { return dataset_; }

 private:
  IngestRun(Request request, IngestPlan plan, dataset::Dataset dataset,
            std::unique_ptr<storage::Lock> lock, std::string run)
      : request_(std::move(request)),
        plan_(std::move(plan)),
        dataset_(std::move(dataset)),
        lock_(std::move(lock)),
        run_(std::move(run)) {}

  Request request_;
  IngestPlan plan_;
  dataset::Dataset dataset_;
  std::unique_ptr<storage::Lock> lock_;
  std::string run_;               // its id
  int64_t spans_in_batches_ = 0;  // read by other processes in this run
};

}  // namespace lido::ingest
