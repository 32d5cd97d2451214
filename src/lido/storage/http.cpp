// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/http.h"

#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <mutex>

namespace lido::storage {
namespace {

constexpr size_t kMaxAnswerBytes = size_t{1} << 30;

/// One request on its way.
struct Transfer {
  const HttpRequest& request;
  const std::stop_token& stop;
  CURL* handle;
  HttpAnswer answer = {};
  int64_t sent = 0;
  bool is_too_large = false;
};

/// libcurl's callback for received bytes.
size_t receive(const char* data, size_t size, size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const size_t bytes = size * count;
  long status = 0;
  curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
  const std::span<std::byte> into = transfer.request.into;
  HttpAnswer& answer = transfer.answer;
  if (!into.empty() && status >= 200 && status <= 299) {
    transfer.is_too_large = bytes > into.size() - answer.received;
    if (transfer.is_too_large) return 0;
    std::memcpy(into.data() + answer.received, data, bytes);
    answer.received += bytes;
    return bytes;
  }
  transfer.is_too_large = answer.body.size() + bytes > kMaxAnswerBytes;
  if (transfer.is_too_large) return 0;
  answer.body.append(data, bytes);
  return bytes;
}

/// libcurl's callback for a line of the header.
size_t receive_header(const char* data, size_t size, size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) transfer.answer.headers.clear();  // after an interim answer
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && std::isspace(static_cast<unsigned char>(value.front())) != 0)
    value.remove_prefix(1);
  while (!value.empty() && std::isspace(static_cast<unsigned char>(value.back())) != 0)
    value.remove_suffix(1);
  transfer.answer.headers[std::move(name)] = value;
  return line.size();
}

/// libcurl's callback for bytes to send.
size_t give(char* into, size_t size, size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const HttpBody& body = transfer.request.body;
  const size_t room = size * count;
  const auto before = static_cast<int64_t>(body.before.size());
  const int64_t at = transfer.sent;
  size_t given = 0;
  if (at < before) {
    given = body.before.copy(into, room, static_cast<size_t>(at));
  } else if (at < before + body.file_bytes) {
    const auto wanted = std::min(static_cast<int64_t>(room), before + body.file_bytes - at);
    const ssize_t read =
        ::pread(body.file, into, static_cast<size_t>(wanted), body.file_offset + at - before);
    if (read <= 0) return CURL_READFUNC_ABORT;
    given = static_cast<size_t>(read);
  } else if (const int64_t done = at - before - body.file_bytes; done < std::ssize(body.after)) {
    given = body.after.copy(into, room, static_cast<size_t>(done));
  }
  transfer.sent += static_cast<int64_t>(given);
  return given;
}

/// libcurl's callback for sending a body again, on another connection.
int seek_body(void* context, curl_off_t offset, int origin) {
  if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Transfer*>(context)->sent = offset;
  return CURL_SEEKFUNC_OK;
}

/// libcurl's callback about progress, several times a second. @return 1 to end the transfer.
int is_stopped(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(context)->stop.stop_requested() ? 1 : 0;
}

using CurlHeaders = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

CurlHeaders list_of(const std::vector<std::string>& headers) {
  // Without these, libcurl waits for leave to send a body, and sends a form's type.
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  const auto is_type = [](const std::string& line) { return line.starts_with("Content-Type:"); };
  if (std::ranges::none_of(headers, is_type)) list = curl_slist_append(list, "Content-Type:");
  for (const std::string& line : headers) list = curl_slist_append(list, line.c_str());
  return {list, curl_slist_free_all};
}

void set_method(CURL* handle, Transfer& transfer) {
  const HttpRequest& request = transfer.request;
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.method == "HEAD") curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  if (request.method != "PUT" && request.method != "POST") return;
  curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t{request.body.size()});
  curl_easy_setopt(handle, CURLOPT_READFUNCTION, give);
  curl_easy_setopt(handle, CURLOPT_READDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, seek_body);
  curl_easy_setopt(handle, CURLOPT_SEEKDATA, &transfer);
}

void set_limits(CURL* handle, const HttpLimits& limits) {
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, long{limits.connect.count()});
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, long{limits.total.count()});
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, long{limits.silence.count()});
  if (!limits.certificates.empty())
    curl_easy_setopt(handle, CURLOPT_CAINFO, limits.certificates.c_str());
}

}  // namespace

std::string HttpAnswer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

/// Idle handles, each with its open connections.
struct HttpClient::Handles {
  std::mutex mutex;
  std::vector<CURL*> idle;

  ~Handles() {
    for (CURL* handle : idle) curl_easy_cleanup(handle);
  }
  CURL* take() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) return curl_easy_init();
    CURL* handle = idle.back();
    idle.pop_back();
    return handle;
  }
  void give_back(CURL* handle) {
    curl_easy_reset(handle);  // keeps the connections
    const std::lock_guard lock(mutex);
    idle.push_back(handle);
  }
};

HttpClient::HttpClient(HttpLimits limits)
    : limits_(std::move(limits)), handles_(std::make_unique<Handles>()) {
  static const bool is_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  (void)is_ready;  // without it, curl_easy_init() fails
}
HttpClient::~HttpClient() = default;

Result<HttpAnswer> HttpClient::send(const HttpRequest& request, const std::stop_token& stop) {
  CURL* handle = handles_->take();
  if (handle == nullptr) return fail(ErrorCode::kUnavailable, "libcurl does not start");
  Transfer transfer{.request = request, .stop = stop, .handle = handle};
  const CurlHeaders headers = list_of(request.headers);
  std::string reason(CURL_ERROR_SIZE, '\0');
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, receive_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, is_stopped);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, reason.data());
  set_method(handle, transfer);
  set_limits(handle, limits_);
  const CURLcode code = curl_easy_perform(handle);
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &transfer.answer.status);
  handles_->give_back(handle);
  if (code == CURLE_OK) return std::move(transfer.answer);
  if (code == CURLE_ABORTED_BY_CALLBACK) return fail(ErrorCode::kCancelled, "stopped");
  const bool is_untrusted =
      code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;
  if (transfer.is_too_large)
    return fail(ErrorCode::kUnavailable, "the answer has more bytes than were asked for");
  const char* text = reason[0] != '\0' ? reason.c_str() : curl_easy_strerror(code);
  return fail(is_untrusted ? ErrorCode::kInvalidArgument : ErrorCode::kUnavailable, "{}", text);
}

std::string percent_encoded(std::string_view text, std::string_view kept) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = byte < 128 && (std::isalnum(byte) != 0 || c == '-' || c == '_' ||
                                         c == '.' || c == '~' || kept.contains(c));
    encoded += is_plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return encoded;
}

}  // namespace lido::storage
