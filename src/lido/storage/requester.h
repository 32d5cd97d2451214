// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <initializer_list>
#include <stop_token>
#include <string>
#include <string_view>

#include "lido/storage/credentials.h"
#include "lido/storage/http.h"

namespace lido::storage {

/// Sends requests to a provider, and repeats those that may succeed later. Requests end when the
/// token of stop_requests_on() is stopped. Thread-safe.
class Requester {
 public:
  /// Makes a request; called before each attempt, since signatures and tokens expire.
  using Make = std::function<Result<HttpRequest>(const std::stop_token&)>;

  /// @param is_anonymous  There are no credentials: the first requests end within seconds.
  Requester(Provider provider, bool is_anonymous);

  bool is_anonymous() const { return is_anonymous_; }
  /// For other servers than the provider's own: tokens.
  HttpClient& client() { return client_; }
  /// Called when the server refuses the credentials (401), before one further attempt.
  void on_refused(std::function<void()> drop_token) { drop_token_ = std::move(drop_token); }

  /// @param uri      The object or prefix, for errors.
  /// @param accepted  Statuses besides 2xx that are an answer, such as 404 and 412.
  /// @return kNotFound for 404; kInvalidArgument when the provider refuses the request;
  /// kUnavailable after the last attempt; kCancelled.
  Result<HttpAnswer> run(std::string_view uri, const Make& make,
                         std::initializer_list<long> accepted = {});

 private:
  std::unexpected<Error> without_credentials(std::string_view uri, bool was_reached) const;
  std::unexpected<Error> refused(std::string_view uri, const HttpAnswer& answer) const;

  Provider provider_;
  bool is_anonymous_;
  HttpClient client_;
  std::function<void()> drop_token_;
  std::atomic<bool> was_reached_ = false;  ///< The provider has answered a request.
};

/// While it exists, requests of this thread do not end with the token of stop_requests_on(): those
/// that keep or give up what the process holds.
class RequestScope {
 public:
  /// @param stop          Ends the thread's requests in place of the other token.
  /// @param max_attempts  Attempts of one request.
  RequestScope(std::stop_token stop, int max_attempts);
  ~RequestScope();
  RequestScope(const RequestScope&) = delete;
  RequestScope& operator=(const RequestScope&) = delete;
};

/// Returns whether a request that got this HTTP status may succeed when it is repeated.
bool may_pass(long status);

/// Attempts of a request that cleans up after a stop or an error.
inline constexpr int kCleaningAttempts = 2;

/// Waits. @return False when a stop is requested meanwhile.
bool wait_unless_stopped(std::chrono::milliseconds time, const std::stop_token& stop);

/// Returns the token of stop_requests_on(), or of this thread's RequestScope.
std::stop_token requests_stop();

}  // namespace lido::storage
