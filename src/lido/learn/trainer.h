// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "lido/base/result.h"
#include "lido/learn/plan.h"
#include "lido/learn/run_entry.h"
#include "lido/nn/group.h"

namespace lido::learn {

/// Files of a run's folder, beside model::kConfigFile.
inline constexpr const char* kRunFile = "run.json";
inline constexpr const char* kMetricsFile = "metrics.parquet";
inline constexpr const char* kFailureFile = "failure.json";
inline constexpr const char* kReportFile = "report.html";
inline constexpr const char* kEventsFolder = "tensorboard";

/// Figures at the end of an epoch, equal in each worker.
struct EpochEnd {
  int64_t epoch = 0;  ///< From 0.
  int64_t steps = 0;
  double loss = 0;   ///< Loss of the last step.
  double score = 0;  ///< Mean macro-F1 of the tasks on the split val.
  double best_score = 0;
};

struct TrainRequest {
  std::string out;            ///< Folder or bucket prefix of the run.
  bool resume = false;        ///< Resume the run in `out`; config is the run's own then.
  model::TrainConfig config;  ///< For a new run.
  std::string revision;       ///< Version and commit of the program.
  OnWarning on_warning;       ///< Optional.
  /// This worker of the run, and where it meets the others; several workers need `resume`.
  nn::Rendezvous rendezvous;
  std::function<void(const EpochEnd&)> on_epoch;  ///< May be empty.
};

/// Progress of a run, for another thread.
struct TrainProgress {
  std::atomic<int64_t> steps{0}, steps_total{0};
  std::atomic<int64_t> resumed_at{0};  ///< Steps that an earlier process made.
  std::atomic<int64_t> epoch{0};
  std::atomic<double> loss{0};    ///< Loss of the last step.
  std::atomic<double> score{-1};  ///< Best validation so far; -1 before the first.
};

struct TrainSummary {
  int64_t steps = 0;
  int64_t epochs = 0;  ///< Epochs that ended.
  int64_t best_epoch = -1;
  double best_score = -1;  ///< Mean macro-F1 of the tasks on the split val.
  bool stopped_early = false;
  double export_difference = 0;  ///< Greatest difference of the last export's outputs.
  std::string model;             ///< URI of the model's folder.
  int64_t checkpoints = 0;       ///< Written by this process.
  double checkpoint_s = 0;       ///< Time for them.
  double wait_s = 0;             ///< Time for which steps waited for batches.
  double step_s = 0;             ///< Time for steps alone.
};

/// Plans a run and begins its folder with config.yaml and run.json, or checks that a run can be
/// resumed. Trains nothing; train() with `resume` continues the run.
/// @return Errors of train().
Result<Plan> prepare(const TrainRequest& request);

/// Trains a network, or resumes a run. Equal data, options, threads and instruction set give equal
/// weights, for any number of workers, however often the run is killed and resumed.
///
/// Enters the run in the dataset before the first step: dataset::TrainingRun. Writes config.yaml
/// and run.json first; a checkpoint every checkpoint_seconds and at each epoch's
/// end; metrics.parquet, report.html and TensorBoard's events at each epoch's end; model/ whenever
/// the validation is the best so far. The worker of rank 0 is the only one that writes.
/// @return kDegenerate for a loss that is not finite, with the batch's samples, and for an export
///         whose outputs differ; kCancelled after a stop request, once a checkpoint is written;
///         kInvalidArgument for a folder that has a run already, or a checkpoint of another
///         network; kNotFound when the generation of a resumed run is gone; kUnavailable when
///         another worker is lost.
Result<TrainSummary> train(const TrainRequest& request, TrainProgress& progress,
                           const std::stop_token& stop);

/// Returns the greatest difference of two networks' outputs; infinite for other sizes. Pure.
double greatest_difference(const std::map<std::string, std::vector<float>>& a,
                           const std::map<std::string, std::vector<float>>& b);

}  // namespace lido::learn
