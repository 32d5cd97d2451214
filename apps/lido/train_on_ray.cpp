// SPDX-License-Identifier: Apache-2.0
#include "train_on_ray.h"

#include <charconv>
#include <cmath>
#include <mutex>
#include <optional>

#include "cli.h"
#include "lido/base/json_text.h"
#include "on_ray.h"
#include "progress_display.h"
#include "training_display.h"

namespace lido::cli {
namespace {

constexpr int64_t kMaxWorkers = 1024;

std::optional<int64_t> count_of(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && value >= 1 && value <= kMaxWorkers ? std::optional(value) : std::nullopt;
}

/// Progress that the driver reported last, for the display's thread.
class Latest {
 public:
  void set(nlohmann::ordered_json progress) {
    const std::lock_guard lock(mutex_);
    progress_ = std::move(progress);
  }
  nlohmann::ordered_json get() const {
    const std::lock_guard lock(mutex_);
    return progress_;
  }

 private:
  mutable std::mutex mutex_;
  nlohmann::ordered_json progress_ = nlohmann::ordered_json::object();
};

/// Shows a training run to its end.
/// @param run    Runs the driver, and passes its lines on.
/// @param start  Text before the first progress.
Result<int> show_training(const FollowJob& run, std::string_view start, const TrainingView& view) {
  Latest latest;
  nlohmann::ordered_json summary;
  const auto take = [&](std::string_view text_line) {
    auto line = nlohmann::ordered_json::parse(text_line, nullptr, false);
    if (!line.is_object()) return false;
    if (line.contains("note"))
      print_note(line.value("note", ""));
    else if (line.contains("summary"))
      summary = line["summary"];
    else if (line.contains("steps_total"))
      latest.set(std::move(line));
    return true;
  };
  const auto terminal_line = [&](double) {
    const auto progress = latest.get();
    return progress.empty() ? std::string(start) : training_line(progress);
  };
  const auto json_line = [&](double) {
    const auto progress = latest.get();
    return progress.empty() ? std::string() : json_text(progress);
  };
  int exit = kDone;
  {
    const ProgressDisplay display(terminal_line, json_line, view.quiet);
    exit = LIDO_TRY(run(take));
  }
  if (exit != kDone) return exit;
  print_training_end(summary, view.out, view.json);
  return kDone;
}

}  // namespace

Result<WorkerRange> parse_workers(std::string_view text) {
  const size_t colon = text.find(':');
  const auto min = count_of(text.substr(0, colon));
  const auto max = colon == text.npos ? min : count_of(text.substr(colon + 1));
  if (!min || !max || *min > *max) {
    return fail(ErrorCode::kInvalidArgument,
                "--workers: got \"{}\", want a number from 1 to {}, or MIN:MAX", text, kMaxWorkers);
  }
  return WorkerRange{*min, *max};
}

void use_workers(model::TrainOptions& options, bool has_micro_batches, const WorkerRange& workers,
                 const WorkerOptions& each) {
  if (options.micro_batches == 1 && !has_micro_batches) options.micro_batches = workers.max;
  if (options.threads == 0) options.threads = static_cast<int64_t>(std::ceil(each.cpus_per_worker));
}

Result<nlohmann::ordered_json> training_request(const nlohmann::ordered_json& training,
                                                const WorkerOptions& options,
                                                const std::string& program) {
  LIDO_TRY(validate(options));
  const WorkerRange workers = LIDO_TRY(parse_workers(options.workers));
  const auto parts = training.at("options").at("micro_batches").get<int64_t>();
  if (workers.max > parts) {
    return fail(ErrorCode::kInvalidArgument,
                "--workers: got {}, want at most the run's micro_batches, which is {}",
                options.workers, parts);
  }
  return nlohmann::ordered_json{{"train", training},
                                {"program", program},
                                {"workers", {workers.min, workers.max}},
                                {"cpus_per_worker", options.cpus_per_worker},
                                {"max_failures", options.max_failures}};
}

Result<int> train_on_ray(const std::string& text, const TrainingView& view) {
  const auto run = [&](const TakeLine& take) {
    return run_driver(text, [&](std::string_view line) { (void)take(line); });
  };
  return show_training(run, "starting Ray", view);
}

Result<int> train_on_cluster(const FollowJob& follow, const TrainingView& view) {
  return show_training(follow, "waiting for the job", view);
}

}  // namespace lido::cli
