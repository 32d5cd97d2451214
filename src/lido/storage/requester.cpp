// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/requester.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "lido/storage/store.h"

namespace lido::storage {
namespace {

/// Attempts of one request.
constexpr int kMaxAttempts = 8;
/// Wait before the second attempt. It doubles from attempt to attempt, up to the longest wait.
constexpr auto kFirstWait = std::chrono::milliseconds(200);
constexpr auto kLongestWait = std::chrono::milliseconds(5000);
/// Limits without credentials, since then an answer is unlikely.
constexpr auto kAnonymousConnect = std::chrono::seconds(3);
constexpr auto kAnonymousSilence = std::chrono::seconds(4);
constexpr size_t kMaxReason = 200;  // characters

std::mutex stop_mutex;
std::stop_token stop_of_process;
/// Values that a RequestScope sets for its thread.
struct ScopeOfThread {
  std::stop_token stop;
  int max_attempts = 0;
};
thread_local std::optional<ScopeOfThread> scope_of_thread;

HttpLimits limits_for(bool is_anonymous) {
  HttpLimits limits;
  if (is_anonymous) limits = {.connect = kAnonymousConnect, .silence = kAnonymousSilence};
  for (const char* name : {"AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    const char* file = std::getenv(name);
    if (limits.certificates.empty() && file != nullptr) limits.certificates = file;
  }
  return limits;
}

/// Returns the provider's own text about an error: "message" of GCS, <Message> of S3; or "".
std::string reason_in(const std::string& body) {
  const auto between = [&](std::string_view open, std::string_view close) -> std::string {
    const size_t begin = body.find(open);
    if (begin == std::string::npos) return {};
    const size_t from = begin + open.size(), end = body.find(close, from);
    return end == std::string::npos ? "" : body.substr(from, end - from);
  };
  std::string reason = between("<Message>", "</Message>");
  if (reason.empty()) reason = between("\"message\":\"", "\"");
  if (reason.empty()) reason = between("\"message\": \"", "\"");
  std::ranges::replace(reason, '\n', ' ');
  return reason.substr(0, kMaxReason);
}

}  // namespace

bool may_pass(long status) {
  const bool is_busy = status == 408 || status == 409 || status == 425 || status == 429;
  return is_busy || (status >= 500 && status != 501);
}

bool wait_unless_stopped(std::chrono::milliseconds time, const std::stop_token& stop) {
  constexpr auto kStep = std::chrono::milliseconds(50);
  for (const auto end = std::chrono::steady_clock::now() + time;
       std::chrono::steady_clock::now() < end;) {
    if (stop.stop_requested()) return false;
    std::this_thread::sleep_for(kStep);
  }
  return true;
}

void stop_requests_on(std::stop_token stop) {
  const std::lock_guard lock(stop_mutex);
  stop_of_process = std::move(stop);
}

std::stop_token requests_stop() {
  if (scope_of_thread) return scope_of_thread->stop;
  const std::lock_guard lock(stop_mutex);
  return stop_of_process;
}

RequestScope::RequestScope(std::stop_token stop, int max_attempts) {
  scope_of_thread = {std::move(stop), max_attempts};
}
RequestScope::~RequestScope() { scope_of_thread.reset(); }

Requester::Requester(Provider provider, bool is_anonymous)
    : provider_(provider), is_anonymous_(is_anonymous), client_(limits_for(is_anonymous)) {}

Result<HttpAnswer> Requester::run(std::string_view uri, const Make& make,
                                  std::initializer_list<long> accepted) {
  const std::stop_token stop = requests_stop();
  const int most = scope_of_thread ? scope_of_thread->max_attempts : kMaxAttempts;
  bool has_new_token = false;
  auto wait = kFirstWait;
  for (int attempt = 1;; ++attempt) {
    auto request = make(stop);
    if (!request) return with_context(uri, request.error());
    auto answer = client_.send(*request, stop);
    if (answer) {
      const long status = answer->status;
      was_reached_ = was_reached_ || answer->is_success() || status == 404;
      if (answer->is_success() || std::ranges::find(accepted, status) != accepted.end())
        return answer;
      if (status == 401 && drop_token_ && !has_new_token) {
        drop_token_();
        has_new_token = true;
        continue;
      }
    }
    const bool is_retried =
        answer ? may_pass(answer->status) : answer.error().code == ErrorCode::kUnavailable;
    const int attempts = is_anonymous_ && !was_reached_ ? 1 : most;
    if (is_retried && attempt < attempts) {
      if (!wait_unless_stopped(wait, stop)) return fail(ErrorCode::kCancelled, "stopped");
      wait = std::min(2 * wait, kLongestWait);
      continue;
    }
    if (answer) return refused(uri, *answer);
    if (answer.error().code == ErrorCode::kCancelled) return std::unexpected(answer.error());
    if (is_anonymous_ && !was_reached_) return without_credentials(uri, false);
    return with_context(uri, answer.error());
  }
}

std::unexpected<Error> Requester::without_credentials(std::string_view uri,
                                                      bool was_reached) const {
  return fail(ErrorCode::kInvalidArgument,
              "{}: cannot be {} without credentials, and there are "
              "none. {}",
              uri, was_reached ? "accessed" : "reached", login_hint(provider_));
}

std::unexpected<Error> Requester::refused(std::string_view uri, const HttpAnswer& answer) const {
  const long status = answer.status;
  if (status == 404) return fail(ErrorCode::kNotFound, "{}: no such object", uri);
  if (is_anonymous_ && (status == 401 || status == 403)) return without_credentials(uri, true);
  const std::string reason = reason_in(answer.body);
  const char* what = status == 401 || status == 403 ? "access denied"
                     : may_pass(status)             ? "the server fails"
                                                    : "the server refuses the request";
  return fail(may_pass(status) ? ErrorCode::kUnavailable : ErrorCode::kInvalidArgument,
              "{}: {} ({}){}{}", uri, what, status, reason.empty() ? "" : ": ", reason);
}

}  // namespace lido::storage
