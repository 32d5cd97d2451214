// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <mutex>
#include <stop_token>
#include <string>

#include "lido/base/result.h"
#include "lido/storage/http.h"

namespace lido::storage {

/// Access tokens of Google Cloud, from Application Default Credentials: a key file of a service
/// account, a user's login, workload identity federation with a file or URL, or the metadata
/// server. Keeps a token until shortly before its end. Thread-safe.
class GoogleTokens {
 public:
  /// @param client  Sends the requests for tokens. Must outlive this object.
  explicit GoogleTokens(HttpClient& client) : client_(client) {}

  /// Returns a token for a header "Authorization: Bearer TOKEN".
  /// @return kInvalidArgument when the credentials are refused or of another kind; kUnavailable.
  Result<std::string> token(const std::stop_token& stop);
  /// Drops the token, since the server refused it.
  void drop();

 private:
  using Clock = std::chrono::steady_clock;

  HttpClient& client_;
  std::mutex mutex_;
  std::string token_;
  Clock::time_point end_;
};

/// Returns the statement by which a service account asks for a token (RFC 7523): a signed JSON web
/// token. Thread-safe.
/// @param email  Address of the service account; `key` its private key in PEM, `audience` the token
/// server.
/// @return kInvalidArgument when the key does not parse.
Result<std::string> service_account_statement(const std::string& email, const std::string& key,
                                              const std::string& audience,
                                              std::chrono::system_clock::time_point now);

}  // namespace lido::storage
