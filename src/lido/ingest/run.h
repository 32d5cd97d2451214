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
#include "lido/ingest/book.h"
#include "lido/ingest/options.h"
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
  std::unique_ptr<Book> book;             ///< The clips that are new, and how they will be read.
  int64_t known = 0;                      ///< Clips the dataset has already.
  int64_t ignored = 0;                    ///< Files that do not end like a video.
};

/// A request as JSON text, for another process; see to_json of options.
std::string to_text(const Request& request);
/// @return kInvalidArgument.
Result<Request> parse_request(const std::string& text);
nlohmann::ordered_json summary_json(const Summary& summary);
/// Reads it back; what is missing is 0.
Summary parse_summary(const nlohmann::ordered_json& json);

/// Finds and plans the clips, and checks options, labels and the output folder. Writes nothing.
Result<Job> prepare(const Request& request, const std::stop_token& stop);

/// Spans that are still to be read by one worker in one go; which ones says a file beside the
/// dataset: see Worker::units().
struct Batch {
  std::string name;  ///< Of that file.
  int64_t units = 0;
  int64_t bytes = 0;  ///< To read, about.
};

/// A job at work on its dataset, which is locked meanwhile. The parts in the dataset's .work folder
/// are the ledger of what was done: opened again after a kill, it goes on where it was, and the
/// result is the same bytes.
class Run {
 public:
  /// Creates the dataset where there is none.
  static Result<Run> open(Request request, Job job);

  /// The spans that have no part yet, for others to do: in batches that take about equally long, a
  /// few for each of `workers`; the large spans first, so that none is left over at the end.
  Result<std::vector<Batch>> batches(int workers);
  /// What all units share, as text.
  std::string shared_work() const;
  /// Makes the parts that are missing, then shards and tables. @return kCancelled when asked to
  /// stop.
  Result<Summary> finish(Progress& progress, const std::stop_token& stop);
  const dataset::Dataset& dataset() const { return dataset_; }

 private:
  Run(Request request, Job job, dataset::Dataset dataset, std::unique_ptr<storage::Lock> lock);
  Request request_;
  Job job_;
  dataset::Dataset dataset_;
  std::unique_ptr<storage::Lock> lock_;
  int64_t given_out_ = 0;  ///< Units that others do in this run.
};

}  // namespace lido::ingest
