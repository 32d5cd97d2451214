// SPDX-License-Identifier: Apache-2.0
// lido-train: the program that `lido train` starts, with its request as JSON.
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>

#include "cli.h"
#include "lido/base/json_text.h"
#include "lido/learn/trainer.h"
#include "lido/storage/store.h"
#include "progress_display.h"
#include "training_display.h"

namespace lido::cli {
namespace {

struct Request {
  learn::TrainRequest train;
  bool dry_run = false;
  bool prepare = false;    ///< Begin or check the run's folder, and train nothing.
  bool or_resume = false;  ///< To prepare: resume the run where the folder has one.
  bool json = false;
  bool quiet = false;
};

/// Ends this process with the one that started it, however that ends.
void end_with(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kFailed);  // it ended before the call
}

/// Reads which worker this is; without "worker" it is the only one.
nn::Rendezvous rendezvous_of(const nlohmann::ordered_json& json) {
  nn::Rendezvous rendezvous;
  if (!json.contains("worker")) return rendezvous;
  const auto& worker = json.at("worker");
  if (worker.contains("parent")) end_with(worker.at("parent").get<pid_t>());
  rendezvous.rank = worker.at("rank").get<int>();
  rendezvous.workers = worker.at("workers").get<int>();
  rendezvous.host = worker.at("host").get<std::string>();
  rendezvous.port = worker.at("port").get<int>();
  rendezvous.listen_fd = worker.at("listen_fd").get<int>();
  rendezvous.attempt = worker.at("attempt").get<std::string>();
  rendezvous.timeout = std::chrono::milliseconds(worker.at("timeout_ms").get<int64_t>());
  return rendezvous;
}

/// Prints the figures of an epoch, for a program that reads them.
void print_epoch(const learn::EpochEnd& end) {
  fmt::print("{}\n", json_text(nlohmann::ordered_json({{"ended_epoch", end.epoch},
                                                       {"steps", end.steps},
                                                       {"loss", end.loss},
                                                       {"score", end.score},
                                                       {"best_score", end.best_score}})));
  std::fflush(stdout);
}

Result<Request> parse_request(const std::string& text) {
  const auto json = nlohmann::ordered_json::parse(text, nullptr, false);
  try {
    Request request;
    request.dry_run = json.at("dry_run").get<bool>();
    request.json = json.at("json").get<bool>();
    request.quiet = json.at("quiet").get<bool>();
    request.train.out = json.at("out").get<std::string>();
    request.train.resume = json.at("resume").get<bool>();
    request.train.revision = json.at("revision").get<std::string>();
    request.train.on_warning = [](const std::string& line) { print_warning(line); };
    request.prepare = json.value("prepare", false);
    request.or_resume = json.value("or_resume", false);
    request.train.rendezvous = rendezvous_of(json);
    if (json.contains("worker")) request.train.on_epoch = print_epoch;
    request.train.config.network = json.at("network").get<std::string>();
    request.train.config.data = json.at("data").get<std::string>();
    request.train.config.points = json.at("points").get<std::string>();
    request.train.config.options = LIDO_TRY(from_json<model::TrainOptions>(json.at("options")));
    return request;
  } catch (const nlohmann::json::exception&) {
    return fail(ErrorCode::kInvalidArgument,
                "lido-train is started by `lido train`, which gives it a request as JSON");
  }
}

/// Seconds until the last step at the rate so far; negative while unknown.
double seconds_left(const learn::TrainProgress& progress, double elapsed_s) {
  const int64_t made = progress.steps - progress.resumed_at;
  if (made <= 0) return -1;
  const auto left = static_cast<double>(progress.steps_total - progress.steps);
  return left * elapsed_s / static_cast<double>(made);
}

nlohmann::ordered_json json_of(const learn::TrainProgress& progress, double elapsed_s) {
  nlohmann::ordered_json json = {{"steps", progress.steps.load()},
                                 {"steps_total", progress.steps_total.load()},
                                 {"epoch", progress.epoch.load()},
                                 {"loss", progress.loss.load()}};
  if (progress.score >= 0) json["best_score"] = progress.score.load();
  const double left = seconds_left(progress, elapsed_s);
  if (left >= 0) json["eta_s"] = left;
  return json;
}

/// Describes one sample.
std::string shape_text(const learn::Plan& plan) {
  if (!plan.gestures) {
    const std::string keypoints =
        plan.keypoints ? counted(std::ssize(plan.keypoints->names), "keypoint") : "";
    if (!plan.sees_frames)
      return fmt::format("windows of {} frames with {}", plan.shape.frames, keypoints);
    return fmt::format("windows of {} frames of {}x{}{}", plan.shape.frames, plan.shape.width,
                       plan.shape.height, keypoints.empty() ? "" : " and " + keypoints);
  }
  const model::GestureInput& input = plan.gestures->input;
  return input.motion ? fmt::format("motions of {}", counted(input.frames, "position"))
                      : std::string("hands in one frame");
}

Result<int> print_plan(const Request& request) {
  const auto plan = LIDO_TRY(learn::plan_run(request.train.config, 0));
  const auto json = to_json(plan);
  if (request.json) {
    fmt::print("{}\n", json_text(json));
    return kDone;
  }
  fmt::print("{}: {} to learn from, {} to validate on, {}\n",
             plan.gestures ? plan.gestures->uri : plan.config.data,
             counted(plan.train_samples, "sample"), counted(plan.val_samples, "sample"),
             shape_text(plan));
  for (const auto& task : plan.tasks) {
    fmt::print("{}:\n", printable(task.task));
    for (size_t c = 0; c < task.classes.size(); ++c)
      fmt::print("  {:30} {:>9} train {:>9} val\n", printable(task.classes[c]),
                 human_count(task.train[c]), human_count(task.val[c]));
  }
  fmt::print("{} parameters, {:.3g} million operations a window; {}\n",
             human_count(plan.parameters), static_cast<double>(plan.operations) / 1e6,
             counted(plan.steps(), "step"));
  return kDone;
}

/// Begins or checks the folder of a run that several workers will train.
Result<int> prepare_run(const Request& request) {
  learn::TrainRequest train = request.train;
  if (request.or_resume) {
    const auto store = LIDO_TRY(storage::open_store(train.out));
    train.resume = LIDO_TRY(store->exists(learn::kRunFile));
  }
  fmt::print("{}\n", json_text(to_json(LIDO_TRY(learn::prepare(train)))));
  return kDone;
}

Result<int> run_request(const Request& request) {
  if (request.dry_run) return print_plan(request);
  if (request.prepare) return prepare_run(request);
  stop_on_signals("the checkpoint is written first");
  learn::TrainProgress progress;
  learn::TrainSummary summary;
  {
    const ProgressDisplay display(
        [&](double elapsed_s) { return training_line(json_of(progress, elapsed_s)); },
        [&](double elapsed_s) { return json_text(json_of(progress, elapsed_s)); }, request.quiet);
    summary = LIDO_TRY(learn::train(request.train, progress, interruption()));
  }
  print_training_end({{"steps", summary.steps},
                      {"epochs", summary.epochs},
                      {"best_epoch", summary.best_epoch},
                      {"best_score", summary.best_score},
                      {"stopped_early", summary.stopped_early},
                      {"export_difference", summary.export_difference},
                      {"checkpoints", summary.checkpoints},
                      {"checkpoint_s", summary.checkpoint_s},
                      {"wait_s", summary.wait_s},
                      {"step_s", summary.step_s},
                      {"model", summary.model}},
                     request.train.out, request.json);
  return kDone;
}

int run(int argc, char** argv) {
  const auto request = parse_request(argc == 2 ? argv[1] : "");
  if (!request) return report_error(request.error());
  const auto result = run_request(*request);
  return result ? *result : report_error(result.error());
}

}  // namespace
}  // namespace lido::cli

int main(int argc, char** argv) {
  // Each step frees its tensors. Memory that is kept for the next step costs a third of the page
  // faults; jemalloc, which lido has, costs more of them than glibc does.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_TOP_PAD, 64 << 20);
  const int exit = lido::cli::run(argc, argv);
  lido::storage::shut_down();
  std::fflush(stdout);
  return exit;
}
