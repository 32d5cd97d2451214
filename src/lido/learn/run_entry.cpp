// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/run_entry.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "lido/dataset/time.h"

namespace lido::learn {

RunName new_run_name(const std::string& folder) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  std::random_device random;
  return {dataset::training_run_id(
              folder, fmt::format("{} {} {} {} {}", folder, us, ::getpid(), random(), random())),
          dataset::to_string(dataset::UtcTime{us})};
}

Result<void> check_generation(const dataset::Dataset& dataset, int generation) {
  const auto read = dataset.read(generation);
  if (read) return {};
  if (read.error().code != ErrorCode::kNotFound) return std::unexpected(read.error());
  return fail(ErrorCode::kNotFound,
              "{}: generation {}, which the run reads, is gone: lido forget removes the "
              "generations that held forgotten footage. Begin a new run, with another --out.",
              dataset.store().uri(), generation);
}

Result<RunEntry> RunEntry::enter(const Plan& plan, const std::string& folder, const RunName& name,
                                 const std::string& revision, OnWarning on_warning) {
  dataset::TrainingRun run{.id = name.id,
                           .folder = folder,
                           .begun_utc = name.begun_utc,
                           .revision = revision,
                           .network = plan.config.network,
                           .generation = plan.generation,
                           .samples = plan.config.options.samples,
                           .splits = {"train", "val"}};
  for (const TaskClasses& task : plan.tasks) run.tasks.push_back(task.task);
  RunEntry entry(LIDO_TRY(dataset::Dataset::open(plan.config.data)), std::move(run),
                 std::move(on_warning));
  LIDO_TRY(entry.enter_run());
  // After the entry: a removal looks for entries once the generation is gone.
  LIDO_TRY(check_generation(entry.dataset_, plan.generation));
  return entry;
}

Result<void> RunEntry::enter_run() {
  auto entered = dataset::enter_training_run(dataset_.store(), run_);
  if (entered && entered->folder != run_.folder) {
    // The run was copied or moved: what it writes here is not what the other folder has.
    run_.id = dataset::training_run_id(run_.folder, run_.id + run_.folder);
    run_.models = entered->models;
    entered = dataset::enter_training_run(dataset_.store(), run_);
  }
  if (!entered && entered.error().code == ErrorCode::kInvalidArgument) return warn(entered.error());
  if (!entered && entered.error().code != ErrorCode::kCorrupt)
    return std::unexpected(entered.error());
  is_entered_ = true;
  if (!entered) return dataset::replace_training_run(dataset_.store(), run_);  // it was damaged
  run_ = *entered;
  return {};
}

Result<void> RunEntry::add_model(const std::string& sha256) {
  if (!is_entered_) return {};
  if (std::ranges::find(run_.models, sha256) == run_.models.end()) run_.models.push_back(sha256);
  is_pending_ = true;
  return finish();
}

Result<void> RunEntry::finish() {
  if (!is_pending_) return {};
  const auto written = dataset::replace_training_run(dataset_.store(), run_);
  if (!written) return warn(written.error());
  is_pending_ = false;
  return {};
}

Result<void> RunEntry::warn(const Error& error) {
  if (error.code == ErrorCode::kCancelled) return std::unexpected(error);
  if (!on_warning_) return {};
  on_warning_(
      fmt::format("{}. {} not entered in the dataset, so lido forget {} cannot name it "
                  "among those that saw footage.",
                  error.message, is_entered_ ? "The run's latest model is" : "The run is",
                  dataset_.store().uri()));
  return {};
}

}  // namespace lido::learn
