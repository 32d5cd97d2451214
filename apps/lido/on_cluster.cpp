// SPDX-License-Identifier: Apache-2.0
#include "on_cluster.h"

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

#include "cli.h"
#include "cluster_connection.h"
#include "lido/base/json_text.h"
#include "lido/cluster/zip.h"

namespace lido::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

/// A longer command would not fit into one argument of a program (128 KiB on Linux).
constexpr size_t kMaxCommandBytes = 100'000;
/// Resource that only the driver group of Lido's clusters offers: not the head, and no spot node.
constexpr const char* kDriverResource = "driver";
/// Pause between two questions about a job.
constexpr std::chrono::milliseconds kPollPause(1000);
/// Prefix of the ids of placeholder jobs, which only request a worker.
constexpr std::string_view kPlaceholder = "ahead-of-";

/// Reads the lines of a job's log, and passes those of its driver on.
class DriverLog {
 public:
  explicit DriverLog(const TakeLine& take) : take_(take) {}

  /// @param lines  Complete lines.
  void read(std::string_view lines) {
    for (size_t end; (end = lines.find('\n')) != lines.npos; lines.remove_prefix(end + 1)) {
      const std::string_view line = lines.substr(0, end);
      const OrderedJson json = OrderedJson::parse(line, nullptr, false);
      if (json.is_object() && json.contains("exit")) exit_ = json.value("exit", kFailed);
      if (!take_(line) && line.starts_with("lido: ")) last_error_ = line;
    }
  }
  /// Last error line of the job; empty without one.
  const std::string& last_error() const { return last_error_; }
  /// Exit code that the driver printed; 0 without one.
  int exit() const { return exit_; }

 private:
  const TakeLine& take_;
  std::string last_error_;
  int exit_ = 0;
};

/// Asks whether to cancel a job. Returns false without a terminal: the job keeps running.
bool asks_to_cancel(const std::string& id) {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0) return false;
  fmt::print(stderr, "\r\033[K{} is running. Leave it running, or cancel it? [L/c] ", id);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "c" || answer == "cancel";
}

/// Submits a job. Retries for a minute, since a new head answers before it can accept jobs.
Result<void> submit(cluster::JobsApi& api, const cluster::Submission& submission) {
  constexpr auto kRetryTime = std::chrono::seconds(60);
  const auto start = std::chrono::steady_clock::now();
  while (true) {
    const auto done = api.submit(submission);
    if (done || done.error().code != ErrorCode::kUnavailable) return done;
    if (api.get(submission.id)) return {};  // Accepted, although the answer was lost.
    if (interruption().stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
    if (std::chrono::steady_clock::now() - start > kRetryTime) return done;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

/// Submits a placeholder job that requests one worker, so that the autoscaler starts before the
/// driver runs. Errors are ignored: the job does not depend on the placeholder.
void request_worker_early(cluster::JobsApi& api, const std::string& id, const FirstWorker& worker) {
  (void)api.submit({.id = fmt::format("{}{}", kPlaceholder, id),
                    .entrypoint = "true",
                    .cpus = worker.cpus,
                    .gpus = worker.gpus,
                    .resources = worker.resources});
}

/// Returns the submission of a job. A request that is too long for a command is uploaded.
Result<cluster::Submission> submission_of(cluster::JobsApi& api, const ClusterJob& job) {
  constexpr std::string_view kDriver = "${LIDO_PYTHON:-python3} -m lido.ray";
  cluster::Submission submission{.dataset = job.output, .resources = {{kDriverResource, 1}}};
  submission.entrypoint =
      fmt::format("printf %s {} | {}", cluster::shell_quoted(job.request), kDriver);
  if (submission.entrypoint.size() <= kMaxCommandBytes) return submission;
  submission.package = LIDO_TRY(api.upload(cluster::zip_of("request.json", job.request)));
  submission.entrypoint = fmt::format("{} < request.json", kDriver);
  return submission;
}

/// Submits the job, or finds the running job that the same command submitted before.
/// @return The job's id.
Result<std::string> submit_or_find(cluster::JobsApi& api, const ClusterJob& work) {
  // After the end of a command's job, its next job gets the next number, and resumes.
  size_t runs = 0;
  for (const cluster::Job& job : LIDO_TRY(api.list())) {
    if (!job.id.starts_with(work.name)) continue;
    ++runs;
    if (job.has_ended()) continue;
    fmt::print(stderr, "{} is running at {} already\n", job.id, work.target.on);
    return job.id;
  }
  std::string id = fmt::format("{}-{}", work.name, runs + 1);
  auto submission = LIDO_TRY(submission_of(api, work));
  submission.id = id;
  LIDO_TRY(submit(api, submission));
  request_worker_early(api, id, work.worker);
  fmt::print(stderr, "{} was submitted to {}\n", id, work.target.on);
  return id;
}

/// Returns the error of an interrupted wait; cancels the job first when the user asks for it.
Result<int> leave_or_cancel(Target& target, const std::string& id, const std::string& resume) {
  if (asks_to_cancel(id)) {
    LIDO_TRY(target.api.stop(id));
    return fail(ErrorCode::kCancelled, "{}: cancelled. {}", id, resume);
  }
  return fail(ErrorCode::kCancelled,
              "{0} keeps running. Follow it with lido logs {0} {1} --follow, or end it with lido "
              "cancel {0} {1}.",
              id, target.options.flags());
}

/// Returns the exit code of a job that has ended, and prints its error.
Result<int> exit_code_of(const cluster::Job& job, const DriverLog& log) {
  if (job.status == "SUCCEEDED") return kDone;
  if (job.status == "STOPPED") return fail(ErrorCode::kCancelled, "{}: cancelled", job.id);
  if (log.last_error().empty())
    return fail(ErrorCode::kUnavailable, "{}: failed: {}", job.id,
                job.message.substr(0, job.message.find('\n')));
  fmt::print(stderr, "{}\n", log.last_error());
  if (log.exit() != 0) return log.exit();
  return job.exit.value_or(0) != 0 ? *job.exit : kFailed;
}

/// Submits a job and follows it, as FollowJob describes.
Result<int> follow_job(Target& target, const ClusterJob& job, const TakeLine& take) {
  const std::string id = LIDO_TRY(submit_or_find(target.api, job));
  DriverLog log(take);
  JobFollower follower(target, id, false);
  while (true) {
    std::this_thread::sleep_for(kPollPause);
    if (interruption().stop_requested()) return leave_or_cancel(target, id, job.resume);
    const auto update = LIDO_TRY(follower.poll());
    if (!update) continue;
    log.read(update->lines);
    if (update->job.has_ended()) return exit_code_of(update->job, log);
  }
}

struct JobFlags {
  TargetOptions target;
  std::string id;
  bool json = false;
  bool follow = false;
};

OrderedJson describe(const cluster::Job& job) {
  return {{"job", job.id},          {"status", job.status},     {"dataset", job.dataset},
          {"message", job.message}, {"start_ms", job.start_ms}, {"end_ms", job.end_ms}};
}

Result<int> list_jobs(const JobFlags& flags) {
  auto target = LIDO_TRY(connect_to(flags.target));
  OrderedJson list = OrderedJson::array();
  auto jobs = LIDO_TRY(target.api.list());
  std::erase_if(jobs, [](const cluster::Job& job) {
    return job.id.empty() || job.id.starts_with(kPlaceholder);
  });
  std::ranges::sort(jobs, {},
                    [](const cluster::Job& job) { return std::pair(-job.start_ms, job.id); });
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  for (const cluster::Job& job : jobs) {
    list.push_back(describe(job));
    if (flags.json) continue;
    const int64_t end_ms = job.end_ms > 0 ? job.end_ms : now_ms;
    const std::string took =
        job.start_ms > 0 ? human_seconds(double(end_ms - job.start_ms) / 1e3) : "";
    fmt::print("{:<20}{:<11}{:>12}  {}\n", job.id, job.status, took,
               job.dataset.empty() ? job.entrypoint.substr(0, 60) : job.dataset);
  }
  if (flags.json)
    fmt::print("{}\n", json_text(list));
  else if (list.empty())
    fmt::print("no jobs\n");
  return kDone;
}

Result<int> show_logs(const JobFlags& flags) {
  auto target = LIDO_TRY(connect_to(flags.target));
  if (!flags.follow) {
    const std::string text = LIDO_TRY(target.api.logs(flags.id));
    std::fwrite(text.data(), 1, text.size(), stdout);
    return kDone;
  }
  JobFollower follower(target, flags.id, true);
  while (true) {
    if (const auto update = LIDO_TRY(follower.poll())) {
      if (update->has_gap) print_note("lines of the log were left out here");
      std::fwrite(update->lines.data(), 1, update->lines.size(), stdout);
      std::fflush(stdout);
      if (update->job.has_ended()) return kDone;
    }
    std::this_thread::sleep_for(kPollPause);
    if (interruption().stop_requested()) return kInterrupted;
  }
}

Result<int> cancel(const JobFlags& flags) {
  auto target = LIDO_TRY(connect_to(flags.target));
  const auto job = LIDO_TRY(target.api.get(flags.id));
  if (job.has_ended())
    return fail(ErrorCode::kInvalidArgument, "{}: the job has ended already: {}", flags.id,
                job.status);
  LIDO_TRY(target.api.stop(flags.id));
  if (flags.json) {
    fmt::print("{}\n", json_text(OrderedJson{{"job", flags.id}, {"cancelled", true}}));
    return kDone;
  }
  fmt::print("{}: cancelled. To resume, run the ingest again, or lido train --resume.\n", flags.id);
  return kDone;
}

}  // namespace

Result<FollowJob> connect_job(const ClusterJob& job) {
  const auto target = std::make_shared<Target>(LIDO_TRY(connect_to(job.target)));
  return [target, job](const TakeLine& take) { return follow_job(*target, job, take); };
}

void add_jobs(CLI::App& app, int& exit) {
  auto flags = std::make_shared<JobFlags>();
  const auto add = [&](const char* name, const char* help, bool takes_job, auto work) {
    CLI::App* command = app.add_subcommand(name, help);
    if (takes_job)
      command->add_option("job", flags->id, "Id of the job, as lido jobs lists it")->required();
    TargetOptions& target = flags->target;
    command
        ->add_option("--on", target.on,
                     "Cluster: k8s:NAMESPACE/CLUSTER, or https://HOST of a Ray Jobs API")
        ->required();
    command->add_option("--token-file", target.token_file,
                        "File with the token of an https:// cluster");
    add_kube_flags(*command, target);
    command->callback([flags, work, &exit] {
      const Result<int> result = work(*flags);
      exit = result ? *result : report_error(result.error());
    });
    return command;
  };
  add("jobs", "List the jobs of a Ray cluster", false, list_jobs)
      ->add_flag("--json", flags->json, "Print the list as JSON");
  add("logs", "Print the log of a job", true, [](const JobFlags& given) {
    if (given.follow) stop_on_signals("the job keeps running");
    return show_logs(given);
  })->add_flag("--follow", flags->follow, "Print new lines until the job ends");
  add("cancel", "Cancel a job; what it has finished is kept", true, cancel)
      ->add_flag("--json", flags->json, "Print the result as JSON");
}

}  // namespace lido::cli
