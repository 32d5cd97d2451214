// SPDX-License-Identifier: Apache-2.0
#include "on_cluster.h"

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "cluster.h"
#include "lido/base/hash.h"
#include "lido/base/json_text.h"

namespace lido::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::string_view kRayVersion = "2.60.0";
constexpr std::string_view kKubernetes = "k8s:";
/// Resource that only the driver group of Lido's clusters offers: not the head, and no spot node.
constexpr const char* kDriverResource = "driver";
/// Prefix of the ids of placeholder jobs, which only request a worker.
constexpr std::string_view kPlaceholder = "ahead-of-";

/// Reads a job's log as it grows, and passes progress and results on.
class DriverLog {
 public:
  DriverLog(part::Progress& progress, RayOutcome& outcome)
      : progress_(progress), outcome_(outcome) {}

  /// Reads the lines that were added since the last call.
  /// @param log  The whole log so far.
  void read(const std::string& log) {
    if (log.size() < read_bytes_) read_bytes_ = 0;  // A retried job starts a new log.
    for (size_t end; (end = log.find('\n', read_bytes_)) != log.npos; read_bytes_ = end + 1) {
      const std::string line = log.substr(read_bytes_, end - read_bytes_);
      if (!take_driver_line(line, progress_, outcome_) && line.starts_with("lido: "))
        last_error_ = line;
    }
  }
  /// Last error line of the job; empty without one.
  const std::string& last_error() const { return last_error_; }

 private:
  part::Progress& progress_;
  RayOutcome& outcome_;
  size_t read_bytes_ = 0;
  std::string last_error_;
};

/// Whether a text can be a name in Kubernetes; kubectl would take other texts as flags.
bool is_name(std::string_view text) {
  constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  return !text.empty() && text.front() != '-' &&
         text.find_first_not_of(kNameCharacters) == text.npos;
}

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
/// driver runs. Errors are ignored: the ingest does not depend on the placeholder.
void request_worker_early(cluster::JobsApi& api, const std::string& id, const RayOptions& ray) {
  const auto resources = parse_resources(ray.task_resources);
  if (!resources) return;
  (void)api.submit({.id = fmt::format("{}{}", kPlaceholder, id),
                    .entrypoint = "true",
                    .cpus = ray.task_cpus,
                    .gpus = ray.task_gpus,
                    .resources = *resources});
}

/// Reads a token file; an empty name gives an empty token.
Result<std::string> read_token(const std::string& file) {
  if (file.empty()) return std::string();
  std::string token = LIDO_TRY(read_text(file));
  while (!token.empty() && std::isspace(static_cast<unsigned char>(token.back())) != 0)
    token.pop_back();
  if (token.empty())
    return fail(ErrorCode::kInvalidArgument, "{}: the file is empty, want a token", file);
  return token;
}

}  // namespace

bool is_cluster(const std::string& on) {
  return on.starts_with(kKubernetes) || on.starts_with("https://") || on.starts_with("http://");
}

Result<Target> connect_to(const TargetOptions& options) {
  std::optional<cluster::Kube::Forward> forward;
  std::string url = options.on, token;
  if (options.on.starts_with(kKubernetes)) {
    const std::string path = options.on.substr(kKubernetes.size());
    const size_t slash = path.find('/');
    const std::string name_space = path.substr(0, slash);
    const std::string name = slash == path.npos ? "" : path.substr(slash + 1);
    if (!is_name(name_space) || !is_name(name))
      return fail(ErrorCode::kInvalidArgument, "{}: want k8s:NAMESPACE/CLUSTER", options.on);
    const cluster::Kube kube(options.kubeconfig, options.context);
    token = LIDO_TRY(kube.token(name_space, name));
    forward = LIDO_TRY(kube.forward(name_space, name));
    url = forward->url;
  } else {
    token = LIDO_TRY(read_token(options.token_file));
  }
  auto api = LIDO_TRY(cluster::JobsApi::open(url, token));
  const std::string version = LIDO_TRY(api.version());
  if (version != kRayVersion)
    return fail(ErrorCode::kInvalidArgument, "{}: its Ray is {}, want {}", options.on,
                version.empty() ? "of unknown version" : version, kRayVersion);
  return Target{std::move(forward), std::move(api)};
}

namespace {

/// Submits the ingest, or finds the running job that the same command submitted before.
/// @return The job's id.
Result<std::string> submit_or_find(const std::string& on, cluster::JobsApi& api,
                                   const ingest::Request& request, const std::string& text,
                                   const RayOptions& ray) {
  // A command has one name. After the end of its job, a new job of that name gets the next number,
  // and resumes from the parts.
  const std::string name = "lido-" + sha256_hex(ingest::to_text(request)).substr(0, 12);
  size_t runs = 0;
  for (const cluster::Job& job : LIDO_TRY(api.list())) {
    if (!job.id.starts_with(name)) continue;
    ++runs;
    if (job.has_ended()) continue;
    fmt::print(stderr, "{} is running at {} already\n", job.id, on);
    return job.id;
  }
  std::string id = fmt::format("{}-{}", name, runs + 1);
  LIDO_TRY(
      submit(api, {.id = id,
                   .entrypoint = fmt::format("printf %s {} | ${{LIDO_PYTHON:-python3}} -m lido.ray",
                                             cluster::shell_quoted(text)),
                   .dataset = request.out,
                   .resources = {{kDriverResource, 1}}}));
  request_worker_early(api, id, ray);
  fmt::print(stderr, "{} was submitted to {}\n", id, on);
  return id;
}

/// Returns the error of an interrupted wait; cancels the job first when the user asks for it.
Result<RayOutcome> leave_or_cancel(const std::string& on, cluster::JobsApi& api,
                                   const std::string& id) {
  if (asks_to_cancel(id)) {
    LIDO_TRY(api.stop(id));
    return fail(ErrorCode::kCancelled,
                "{}: cancelled. To resume from its parts, run this command again.", id);
  }
  return fail(ErrorCode::kCancelled,
              "{0} keeps running. Follow it with lido logs {0} --on {1} --follow, or end it with "
              "lido cancel {0} --on {1}.",
              id, on);
}

/// Returns the result of a job that has ended.
Result<RayOutcome> outcome_of(const cluster::Job& job, const DriverLog& log, RayOutcome outcome) {
  if (job.status == "SUCCEEDED") {
    outcome.exit = 0;
    return outcome;
  }
  if (job.status == "STOPPED") return fail(ErrorCode::kCancelled, "{}: cancelled", job.id);
  if (log.last_error().empty())
    return fail(ErrorCode::kUnavailable, "{}: failed: {}", job.id,
                job.message.substr(0, job.message.find('\n')));
  fmt::print(stderr, "{}\n", log.last_error());
  if (outcome.exit.value_or(0) == 0) outcome.exit = job.exit.value_or(kFailed);
  if (outcome.exit == 0) outcome.exit = kFailed;
  return outcome;
}

}  // namespace

Result<RayOutcome> ingest_on_cluster(const std::string& on, Target& target,
                                     const ingest::Request& request, const std::string& text,
                                     const RayOptions& ray, part::Progress& progress) {
  auto& api = target.api;
  const std::string id = LIDO_TRY(submit_or_find(on, api, request, text, ray));
  RayOutcome outcome;
  DriverLog log(progress, outcome);
  int failed_polls = 0;
  while (true) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    if (interruption().stop_requested()) return leave_or_cancel(on, api, id);
    const auto job = api.get(id);
    const auto text_so_far = api.logs(id);
    if (!job || (!text_so_far && text_so_far.error().code != ErrorCode::kNotFound)) {
      // A head that restarts, or a network that fails, does not end the job.
      constexpr int kMaxFailedPolls = 60;
      const Error& error = job ? text_so_far.error() : job.error();
      if (error.code != ErrorCode::kUnavailable || ++failed_polls > kMaxFailedPolls)
        return std::unexpected(error);
      continue;
    }
    failed_polls = 0;
    if (text_so_far) log.read(*text_so_far);
    if (job->has_ended()) return outcome_of(*job, log, outcome);
  }
}

namespace {

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
  size_t shown = 0;
  while (true) {
    const auto job = LIDO_TRY(target.api.get(flags.id));
    const std::string text = LIDO_TRY(target.api.logs(flags.id));
    if (text.size() > shown) std::fwrite(text.data() + shown, 1, text.size() - shown, stdout);
    std::fflush(stdout);
    shown = text.size();
    if (!flags.follow || job.has_ended()) return kDone;
    std::this_thread::sleep_for(std::chrono::seconds(1));
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
  fmt::print("{}: cancelled. To resume from its parts, run the ingest again.\n", flags.id);
  return kDone;
}

}  // namespace

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
    command->add_option("--kubeconfig", target.kubeconfig,
                        "Kubeconfig file for k8s:; without it, KUBECONFIG or ~/.kube/config");
    command->add_option("--context", target.context,
                        "Context of the kubeconfig; without it, the current one");
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
  add("cancel", "Cancel a job; its finished parts are kept", true, cancel);
}

}  // namespace lido::cli
