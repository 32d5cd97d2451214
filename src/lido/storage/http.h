// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "lido/base/result.h"

namespace lido::storage {

/// Body of a request: a text, bytes of a file, a text. Parts may be empty.
struct HttpBody {
  std::string before;
  int file = -1;            ///< Descriptor of a file; -1 for none.
  int64_t file_offset = 0;  ///< First byte of the file to send.
  int64_t file_bytes = 0;   ///< Bytes of the file to send.
  std::string after;

  int64_t size() const { return static_cast<int64_t>(before.size() + after.size()) + file_bytes; }
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers;  ///< "Name: value".
  HttpBody body = {};                ///< Sent with PUT and POST.
  std::span<std::byte> into;         ///< Receives the body of a 2xx answer, when it is not empty.
};

struct HttpAnswer {
  long status = 0;
  std::map<std::string, std::string> headers;  ///< Names in lower case.
  std::string body;                            ///< Empty when the bytes went to HttpRequest::into.
  size_t received = 0;                         ///< Bytes that went to HttpRequest::into.

  bool is_success() const { return status >= 200 && status <= 299; }
  /// Returns a header's value; empty when there is no such header.
  std::string header(const std::string& name) const;
};

struct HttpLimits {
  std::chrono::milliseconds connect = std::chrono::seconds(10);
  /// Time of a whole request; 0 for no limit.
  std::chrono::milliseconds total{};
  /// Time without a byte in either direction after which a request fails.
  std::chrono::seconds silence = std::chrono::seconds(30);
  std::string certificates;  ///< PEM file of authorities; empty for those of the system.
};

/// Sends requests over connections that are kept open and shared by all threads. Proxies are those
/// of the environment. Thread-safe.
class HttpClient {
 public:
  explicit HttpClient(HttpLimits limits);
  ~HttpClient();

  /// Sends one request, once. Follows no redirect.
  /// @return kUnavailable when there is no whole answer; kInvalidArgument for a server whose
  /// certificate is not trusted; kCancelled when `stop` asks to stop.
  Result<HttpAnswer> send(const HttpRequest& request, const std::stop_token& stop);

 private:
  struct Handles;
  HttpLimits limits_;
  std::unique_ptr<Handles> handles_;
};

/// Percent-encodes all bytes except letters, digits and "-_.~" (RFC 3986).
/// @param kept  Further characters to leave as they are, such as "/".
std::string percent_encoded(std::string_view text, std::string_view kept = "");

}  // namespace lido::storage
