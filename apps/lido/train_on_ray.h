// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "cluster_job.h"
#include "lido/base/options.h"
#include "lido/base/result.h"
#include "lido/model/options.h"

namespace lido::cli {

/// Workers of a training run on Ray.
struct WorkerOptions {
  std::string workers = "1";
  double cpus_per_worker = 1;
  int64_t max_failures = 3;

  static void fields(auto& self, auto&& visit) {
    visit("workers", self.workers, Anything{},
          "Workers that compute each step together: a number, or MIN:MAX, between which Ray starts "
          "as many as there are free CPUs for. With equal --micro-batches, their number has no "
          "effect on the result");
    visit("cpus_per_worker", self.cpus_per_worker, Within{0.01, 1024},
          "CPUs that Ray reserves for a worker; --threads, unless given, is this number");
    visit("max_failures", self.max_failures, Within{0, 1e6},
          "Times that the run is resumed after a worker was lost or hung");
  }
};

/// Fewest and most workers.
struct WorkerRange {
  int64_t min = 1;
  int64_t max = 1;
  bool operator==(const WorkerRange&) const = default;
};

/// Reads "4" or "2:8". @return kInvalidArgument.
Result<WorkerRange> parse_workers(std::string_view text);

/// Sets options that depend on the workers: micro-batches, one for each worker at least unless they
/// are given, and threads.
void use_workers(model::TrainOptions& options, bool has_micro_batches, const WorkerRange& workers,
                 const WorkerOptions& each);

/// A request for `python -m lido.ray`.
/// @param training  Request for lido-train, whose options have a number of micro-batches.
/// @param program   Path of lido-train beside this program.
/// @return kInvalidArgument for bad workers, or more of them than micro-batches.
Result<nlohmann::ordered_json> training_request(const nlohmann::ordered_json& training,
                                                const WorkerOptions& options,
                                                const std::string& program);

/// How a training run on Ray shows itself.
struct TrainingView {
  std::string out;  ///< Folder of the run.
  bool json = false;
  bool quiet = false;
};

/// Runs the text of a training_request() on Ray to its end. @return Exit code; errors of
/// run_driver().
Result<int> train_on_ray(const std::string& text, const TrainingView& view);

/// Follows the job of a training run on a cluster to its end. @return Exit code; errors of
/// `follow`.
Result<int> train_on_cluster(const FollowJob& follow, const TrainingView& view);

}  // namespace lido::cli
