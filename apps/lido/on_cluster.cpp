// SPDX-License-Identifier: Apache-2.0
#include "on_cluster.h"

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "cluster.h"
#include "lido/base/hash.h"

namespace lido::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kRay = "2.60.0";
constexpr std::string_view kKubernetes = "k8s:";
/// What only the driver group of Lido's clusters offers: not the head, and no spot node.
constexpr const char* kDriver = "driver";
/// What the ids of jobs begin with that only ask for a worker.
constexpr std::string_view kAhead = "ahead-of-";

/// Takes the lines that a job has said since the last time.
class Listener {
 public:
  Listener(part::Progress& progress, RayOutcome& outcome)
      : progress_(progress), outcome_(outcome) {}

  void hear(const std::string& logs) {
    if (logs.size() < heard_) heard_ = 0;  // a job of that name begun anew
    for (size_t end; (end = logs.find('\n', heard_)) != logs.npos; heard_ = end + 1) {
      const std::string line = logs.substr(heard_, end - heard_);
      if (!take_driver_line(line, progress_, outcome_) && line.starts_with("lido: ")) last_ = line;
    }
  }
  const std::string& complaint() const { return last_; }

 private:
  part::Progress& progress_;
  RayOutcome& outcome_;
  size_t heard_ = 0;
  std::string last_;
};

/// Whether Kubernetes could call something so; kubectl would take others for flags.
bool is_name(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyz0123456789-";
  return !text.empty() && text.front() != '-' && text.find_first_not_of(kPlain) == text.npos;
}

/// Asks what shall become of the job; whoever cannot be asked leaves it running.
bool wants_to_cancel(const std::string& id) {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0) return false;
  fmt::print(stderr, "\r\033[K{} is running. Leave it running, or cancel it? [L/c] ", id);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "c" || answer == "cancel";
}

/// Submits a job to a head that may have just started: its API answers before it can take one.
Result<void> submit(cluster::JobsApi& api, const cluster::Submission& submission) {
  constexpr auto kPatience = std::chrono::seconds(60);
  const auto begun = std::chrono::steady_clock::now();
  while (true) {
    const auto done = api.submit(submission);
    if (done || done.error().code != ErrorCode::kUnavailable) return done;
    if (api.get(submission.id)) return {};  // it was taken all the same
    if (interruption().stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
    if (std::chrono::steady_clock::now() - begun > kPatience) return done;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

/// Asks for a worker at once. The driver itself needs a pod first, and only then asks: where there
/// are no workers, its first span would wait for two pods in a row. Best effort: nothing depends on
/// it.
void call_worker(cluster::JobsApi& api, const std::string& id, const RayOptions& ray) {
  const auto resources = parse_resources(ray.task_resources);
  if (!resources) return;
  (void)api.submit({.id = fmt::format("{}{}", kAhead, id),
                    .entrypoint = "true",
                    .cpus = ray.task_cpus,
                    .gpus = ray.task_gpus,
                    .resources = *resources});
}

}  // namespace

bool is_cluster(const std::string& on) {
  return on.starts_with(kKubernetes) || on.starts_with("https://") || on.starts_with("http://");
}

Result<Target> reach(const std::string& on, const std::string& token_file) {
  std::optional<cluster::Kube::Forward> forward;
  std::string url = on, token;
  if (on.starts_with(kKubernetes)) {
    const std::string place = on.substr(kKubernetes.size());
    const size_t slash = place.find('/');
    const std::string space = place.substr(0, slash);
    const std::string name = slash == place.npos ? "" : place.substr(slash + 1);
    if (!is_name(space) || !is_name(name))
      return fail(ErrorCode::kInvalidArgument, "{}: want k8s:NAMESPACE/CLUSTER", on);
    const auto kube = cluster::Kube::with("", "");
    token = LIDO_TRY(kube.token(space, name));
    forward = LIDO_TRY(kube.forward(space, name));
    url = forward->url;
  } else if (!token_file.empty()) {
    token = LIDO_TRY(read_text(token_file));
    while (!token.empty() && std::isspace(static_cast<unsigned char>(token.back())) != 0)
      token.pop_back();
  }
  auto api = LIDO_TRY(cluster::JobsApi::at(url, token));
  const std::string version = LIDO_TRY(api.version());
  if (version != kRay)
    return fail(ErrorCode::kInvalidArgument, "{}: its Ray is {}, want {}", on,
                version.empty() ? "of no version" : version, kRay);
  return Target{std::move(forward), std::move(api)};
}

Result<RayOutcome> ingest_on_cluster(const std::string& on, Target& target,
                                     const ingest::Request& request, const std::string& text,
                                     const RayOptions& ray, part::Progress& progress) {
  auto& api = target.api;
  // The same command has the same name, so that it finds its job; or, once that has ended, goes on
  // from its parts with the next number.
  const std::string name = "lido-" + sha256_hex(ingest::to_text(request)).substr(0, 12);
  std::string id;
  size_t runs = 0;
  for (const cluster::Job& job : LIDO_TRY(api.list())) {
    if (!job.id.starts_with(name)) continue;
    ++runs;
    if (!job.has_ended()) id = job.id;
  }
  if (id.empty()) {
    id = fmt::format("{}-{}", name, runs + 1);
    LIDO_TRY(submit(
        api, {.id = id,
              .entrypoint = fmt::format("printf %s {} | ${{LIDO_PYTHON:-python3}} -m lido.ray",
                                        cluster::shell_quoted(text)),
              .dataset = request.out,
              .resources = {{kDriver, 1}}}));
    call_worker(api, id, ray);
    fmt::print(stderr, "{} was given to {}\n", id, on);
  } else {
    fmt::print(stderr, "{} is at {} already\n", id, on);
  }
  RayOutcome outcome;
  Listener listener(progress, outcome);
  int unheard = 0;
  while (true) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    if (interruption().stop_requested()) {
      if (wants_to_cancel(id)) {
        LIDO_TRY(api.stop(id));
        return fail(ErrorCode::kCancelled,
                    "{} is cancelled; the same command resumes from its parts", id);
      }
      return fail(
          ErrorCode::kCancelled,
          "{0} goes on there; lido logs {0} --on {1} follows it, lido cancel {0} --on {1} ends it",
          id, on);
    }
    const auto job = api.get(id);
    const auto logs = api.logs(id);
    if (!job || (!logs && logs.error().code != ErrorCode::kNotFound)) {
      // A head that restarts, or a network that sleeps, is no end of the job.
      constexpr int kPatience = 60;
      const Error& error = job ? logs.error() : job.error();
      if (error.code != ErrorCode::kUnavailable || ++unheard > kPatience)
        return std::unexpected(error);
      continue;
    }
    unheard = 0;
    if (logs) listener.hear(*logs);
    if (!job->has_ended()) continue;
    if (job->status == "SUCCEEDED") {
      outcome.exit = 0;
      return outcome;
    }
    if (job->status == "STOPPED") return fail(ErrorCode::kCancelled, "{} was cancelled", id);
    if (listener.complaint().empty())
      return fail(ErrorCode::kUnavailable, "{} failed: {}", id,
                  job->message.substr(0, job->message.find('\n')));
    fmt::print(stderr, "{}\n", listener.complaint());
    if (outcome.exit.value_or(0) == 0) outcome.exit = job->exit.value_or(kFailed);
    if (outcome.exit == 0) outcome.exit = kFailed;
    return outcome;
  }
}

namespace {

struct JobFlags {
  std::string on, token_file, id;
  bool json = false;
  bool follow = false;
};

Json describe(const cluster::Job& job) {
  return {{"job", job.id},          {"status", job.status},     {"dataset", job.dataset},
          {"message", job.message}, {"start_ms", job.start_ms}, {"end_ms", job.end_ms}};
}

Result<int> list_jobs(const JobFlags& flags) {
  auto target = LIDO_TRY(reach(flags.on, flags.token_file));
  Json list = Json::array();
  auto jobs = LIDO_TRY(target.api.list());
  std::erase_if(
      jobs, [](const cluster::Job& job) { return job.id.empty() || job.id.starts_with(kAhead); });
  std::ranges::sort(jobs, {},
                    [](const cluster::Job& job) { return std::pair(-job.start_ms, job.id); });
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  for (const cluster::Job& job : jobs) {
    list.push_back(describe(job));
    if (flags.json) continue;
    const int64_t until = job.end_ms > 0 ? job.end_ms : now_ms;
    const std::string took =
        job.start_ms > 0 ? human_seconds(double(until - job.start_ms) / 1e3) : "";
    fmt::print("{:<20}{:<11}{:>12}  {}\n", job.id, job.status, took,
               job.dataset.empty() ? job.entrypoint.substr(0, 60) : job.dataset);
  }
  if (flags.json)
    fmt::print("{}\n", list.dump());
  else if (list.empty())
    fmt::print("no jobs\n");
  return kDone;
}

Result<int> show_logs(const JobFlags& flags) {
  auto target = LIDO_TRY(reach(flags.on, flags.token_file));
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
  auto target = LIDO_TRY(reach(flags.on, flags.token_file));
  const auto job = LIDO_TRY(target.api.get(flags.id));
  if (job.has_ended())
    return fail(ErrorCode::kInvalidArgument, "{} has ended already: {}", flags.id, job.status);
  LIDO_TRY(target.api.stop(flags.id));
  fmt::print("{} is cancelled; what it did is kept, and the same ingest goes on from there\n",
             flags.id);
  return kDone;
}

}  // namespace

void add_jobs(CLI::App& app, int& exit) {
  auto flags = std::make_shared<JobFlags>();
  const auto add = [&](const char* name, const char* help, bool one, auto work) {
    CLI::App* command = app.add_subcommand(name, help);
    if (one) command->add_option("job", flags->id, "As lido jobs lists it")->required();
    command
        ->add_option("--on", flags->on, "k8s:NAMESPACE/CLUSTER, or https://HOST of a Ray Jobs API")
        ->required();
    command->add_option("--token-file", flags->token_file,
                        "File with the token of an https:// target");
    command->callback([flags, work, &exit] {
      const Result<int> result = work(*flags);
      exit = result ? *result : report_error(result.error());
    });
    return command;
  };
  add("jobs", "List a cluster's jobs", false, list_jobs)
      ->add_flag("--json", flags->json, "Print the list as JSON");
  add("logs", "Print what a job has said", true, [](const JobFlags& given) {
    if (given.follow) stop_on_signals("the job goes on");
    return show_logs(given);
  })->add_flag("--follow", flags->follow, "Until the job ends");
  add("cancel", "End a job; its parts are kept", true, cancel);
}

}  // namespace lido::cli
