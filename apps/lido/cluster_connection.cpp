// SPDX-License-Identifier: Apache-2.0
#include "cluster_connection.h"

#include <algorithm>
#include <thread>

#include "cli.h"

namespace lido::cli {
namespace {

constexpr std::string_view kRayVersion = "2.60.0";
constexpr std::string_view kKubernetes = "k8s:";
/// Time without an answer after which a follower gives up, and its longest pause.
constexpr std::chrono::seconds kPatience(300), kMaxPause(10);
/// Lines of a log's end that one question fetches, and the most after a gap.
constexpr int kTailLines = 64, kMaxTailLines = 8192;
/// A whole log is fetched again after this many times the duration of the last fetch.
constexpr int kWholeLogPause = 50;

/// Whether a text can be a name in Kubernetes; kubectl would take other texts as flags.
bool is_name(std::string_view text) {
  constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  return !text.empty() && text.front() != '-' &&
         text.find_first_not_of(kNameCharacters) == text.npos;
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

/// Ends the last line of a log that grows no more.
void complete(std::string& text) {
  if (!text.empty() && text.back() != '\n') text += '\n';
}

/// Opens the connection, and checks nothing.
Result<Target> open_target(const TargetOptions& options) {
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
  return Target{options, std::move(forward), std::move(api)};
}

}  // namespace

Result<void> Target::reconnect() {
  forward.reset();  // The old program lets go of its port first.
  Target fresh = LIDO_TRY(open_target(options));
  forward = std::move(fresh.forward);
  api = std::move(fresh.api);
  return {};
}

bool Target::keep_forward() { return !forward || forward->process.discard_output(); }

Result<Target> connect_to(const TargetOptions& options) {
  Target target = LIDO_TRY(open_target(options));
  const std::string version = LIDO_TRY(target.api.version());
  if (version != kRayVersion)
    return fail(ErrorCode::kInvalidArgument, "{}: its Ray is {}, want {}", options.on,
                version.empty() ? "of unknown version" : version, kRayVersion);
  return target;
}

Result<std::optional<JobUpdate>> JobFollower::poll() {
  const bool is_open = target_.keep_forward();
  auto update = is_open ? ask() : fail(ErrorCode::kUnavailable, "kubectl port-forward has ended");
  if (update) {
    failures_ = 0;
    last_answer_ = Clock::now();
    return std::optional(std::move(*update));
  }
  const Error error = update.error();
  if (error.code == ErrorCode::kNotFound) return std::unexpected(error);
  // A token can expire: a new one is refused for good.
  if (error.code == ErrorCode::kInvalidArgument && failures_ > 0) return std::unexpected(error);
  if (Clock::now() - last_answer_ > kPatience) return lost(error);
  ++failures_;
  if (failures_ > 1) {
    const auto pause = std::min(kMaxPause, std::chrono::seconds(failures_ / 2));
    for (auto left = std::chrono::milliseconds(pause);
         left.count() > 0 && !interruption().stop_requested();
         left -= std::chrono::milliseconds(200))
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  if (const auto again = target_.reconnect();
      !again && again.error().code != ErrorCode::kUnavailable)
    return lost(again.error());
  return std::nullopt;
}

std::unexpected<Error> JobFollower::lost(const Error& reason) const {
  return fail(ErrorCode::kUnavailable,
              "the connection to {0} is lost: {1}. {2} may keep running there: follow it with lido "
              "logs {2} {3} --follow, or run this command again.",
              target_.options.on, reason.message, id_, target_.options.flags());
}

Result<JobUpdate> JobFollower::ask() {
  cluster::Job job = LIDO_TRY(target_.api.get(id_));
  return read_log(std::move(job));
}

Result<JobUpdate> JobFollower::read_log(cluster::Job job) {
  if (from_beginning_) {
    const auto whole = target_.api.logs(id_);
    // A log that is too large is read from its end.
    if (!whole && whole.error().code != ErrorCode::kDegenerate)
      return std::unexpected(whole.error());
    from_beginning_ = false;
    if (whole) {
      std::string text = *whole;
      if (job.has_ended()) complete(text);
      std::string lines = log_.push(text, true).value_or("");
      return JobUpdate{std::move(job), std::move(lines), false};
    }
    const auto tail = LIDO_TRY(target_.api.log_tail(job, kMaxTailLines));
    return JobUpdate{std::move(job), log_.restart(tail.text), true};
  }
  for (int lines = kTailLines;; lines *= 2) {
    auto tail = target_.api.log_tail(job, lines);
    if (!tail) return read_whole_log(std::move(job));
    if (job.has_ended()) complete(tail->text);
    if (auto fresh = log_.push(tail->text, tail->is_whole))
      return JobUpdate{std::move(job), std::move(*fresh), false};
    if (lines >= kMaxTailLines) return JobUpdate{std::move(job), log_.restart(tail->text), true};
  }
}

Result<JobUpdate> JobFollower::read_whole_log(cluster::Job job) {
  const auto now = Clock::now();
  if (now < next_whole_log_ && !job.has_ended()) return JobUpdate{std::move(job), {}, false};
  const auto whole = target_.api.logs(id_);
  if (!whole && whole.error().code != ErrorCode::kNotFound) return std::unexpected(whole.error());
  next_whole_log_ = Clock::now() + kWholeLogPause * (Clock::now() - now);
  std::string text = whole.value_or("");
  if (job.has_ended()) complete(text);
  std::string lines = log_.push(text, true).value_or("");
  return JobUpdate{std::move(job), std::move(lines), false};
}

}  // namespace lido::cli
