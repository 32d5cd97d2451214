// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/jobs.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "lido/base/hash.h"
#include "lido/base/json_field.h"
#include "lido/base/json_text.h"

namespace lido::cluster {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxAnswerBytes = size_t{64} << 20;
constexpr long kConnectTimeout_s = 10, kCallTimeout_s = 60;

/// Appends received bytes to the std::string at `text`; libcurl's callback.
size_t append_bytes(const char* data, size_t size, size_t count, void* text) {
  auto& answer = *static_cast<std::string*>(text);
  if (answer.size() + size * count > kMaxAnswerBytes) return 0;  // Ends the transfer as an error.
  answer.append(data, size * count);
  return size * count;
}

int64_t number_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number() ? found->get<int64_t>() : 0;
}

Job job_of(const Json& json) {
  Job job{.id = text_at(json, "submission_id"),
          .status = text_at(json, "status"),
          .message = text_at(json, "message"),
          .entrypoint = text_at(json, "entrypoint"),
          .node = text_at(json, "driver_node_id"),
          .start_ms = number_of(json, "start_time"),
          .end_ms = number_of(json, "end_time")};
  if (const auto metadata = json.find("metadata"); metadata != json.end() && metadata->is_object())
    job.dataset = text_at(*metadata, "lido_dataset");
  if (const auto exit = json.find("driver_exit_code");
      exit != json.end() && exit->is_number_integer())
    job.exit = exit->get<int>();
  return job;
}

Result<Json> parse_answer(const std::string& url, const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded())
    return fail(ErrorCode::kUnavailable,
                "{}: the answer is not JSON: no Ray Jobs API at this address", url);
  return json;
}

/// Refuses an id that would change the path of a call.
Result<void> check_id(const std::string& id) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; };
  if (!id.empty() && std::ranges::all_of(id, plain)) return {};
  return fail(ErrorCode::kInvalidArgument, "job is \"{}\", want an id that lido jobs lists", id);
}

bool is_this_machine(const std::string& host) {
  in_addr four{};
  in6_addr six{};
  if (::inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  if (host.starts_with('[') && host.ends_with(']') &&
      ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &six) == 1)
    return IN6_IS_ADDR_LOOPBACK(&six);
  return host == "localhost";
}

/// Returns a URL for messages, without what stands before an @: it can be a password.
std::string without_user(const std::string& url) {
  const size_t end = url.rfind('@');
  if (end == url.npos) return url;
  const size_t scheme = url.find("://");
  return (scheme < end ? url.substr(0, scheme + 3) : "") + "..." + url.substr(end);
}

/// Returns the host to which libcurl would connect.
Result<std::string> host_of(const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parts(curl_url(), curl_url_cleanup);
  const auto refused = [&](std::string_view why) {
    return fail(ErrorCode::kInvalidArgument, "{}: {}, want https://HOST or k8s:NAMESPACE/CLUSTER",
                without_user(url), why);
  };
  if (curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK)
    return refused("not a URL of a host, without user name");
  // Parsers differ about these characters, and the host must be the one that was checked.
  if (url.find_first_of("@\\?# \t\r\n") != url.npos) return refused("@, ?, # or \\ in the URL");
  char* host = nullptr;
  if (curl_url_get(parts.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK) return refused("no host");
  std::string text = host;
  curl_free(host);
  return text;
}

}  // namespace

Result<JobsApi> JobsApi::open(const std::string& url, std::string token) {
  static const bool is_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  if (!is_ready) return fail(ErrorCode::kUnavailable, "libcurl does not start");
  const bool is_https = url.starts_with("https://");
  const bool is_http = url.starts_with("http://");
  if (!is_https && !is_http)
    return fail(ErrorCode::kInvalidArgument, "{}: want https://HOST or k8s:NAMESPACE/CLUSTER",
                without_user(url));
  const bool is_local = is_this_machine(LIDO_TRY(host_of(url)));
  if (is_http && !is_local)
    return fail(ErrorCode::kInvalidArgument,
                "{}: want https, since http would send the token and the names of clips "
                "unencrypted",
                url);
  const auto is_printable = [](char c) { return c > ' ' && c <= '~'; };
  if (!std::ranges::all_of(token, is_printable))
    return fail(ErrorCode::kInvalidArgument,
                "token: it holds characters that no token has. Give a file with the token alone.");
  JobsApi api;
  api.handle_ =
      std::shared_ptr<void>(curl_easy_init(), [](void* handle) { curl_easy_cleanup(handle); });
  if (!api.handle_) return fail(ErrorCode::kUnavailable, "libcurl does not start");
  api.is_local_ = is_local;
  api.url_ = url;
  while (api.url_.ends_with('/')) api.url_.pop_back();
  api.token_ = std::move(token);
  return api;
}

namespace {

using CurlHeaders = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

CurlHeaders headers_with(const std::string& token) {
  curl_slist* list = curl_slist_append(nullptr, "Content-Type: application/json");
  if (!token.empty()) list = curl_slist_append(list, ("Authorization: Bearer " + token).c_str());
  return {list, curl_slist_free_all};
}

/// Returns the error that an HTTP status means; nothing for success.
Result<void> check_status(long status, const std::string& url, bool has_token,
                          std::string_view answer) {
  if (status >= 200 && status <= 299) return {};
  if (status == 401)
    return fail(ErrorCode::kInvalidArgument, "{}: {}", url,
                has_token ? "the server refuses the token (401)"
                          : "the server wants a token (401). Give --token-file.");
  if (status == 403)
    return fail(ErrorCode::kInvalidArgument, "{}: the token does not permit this call (403)", url);
  if (status == 404) return fail(ErrorCode::kNotFound, "{}: not found (404)", url);
  const ErrorCode code = status >= 500 ? ErrorCode::kUnavailable : ErrorCode::kInvalidArgument;
  return fail(code, "{}: {} {}", url, status,
              answer.substr(0, std::min(answer.find('\n'), size_t{300})));
}

}  // namespace

Result<std::string> JobsApi::call(const char* method, const std::string& path,
                                  const std::string& body) {
  CURL* const curl = handle_.get();
  curl_easy_reset(curl);  // Keeps the connection.
  const CurlHeaders headers = headers_with(token_);
  std::string answer;
  std::array<char, CURL_ERROR_SIZE> reason{};
  const std::string url = url_ + path;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append_bytes);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason.data());
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectTimeout_s);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, kCallTimeout_s);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  // A proxy would get the token, and cannot reach this machine's ports.
  if (is_local_) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  if (const char* authorities = std::getenv("SSL_CERT_FILE");
      authorities != nullptr && *authorities != '\0')
    curl_easy_setopt(curl, CURLOPT_CAINFO, authorities);
  if (!body.empty()) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  }
  const CURLcode done = curl_easy_perform(curl);
  if (done == CURLE_WRITE_ERROR)
    return fail(ErrorCode::kDegenerate, "{}: the answer has more than {} MiB", url,
                kMaxAnswerBytes >> 20);
  if (done != CURLE_OK)
    return fail(ErrorCode::kUnavailable, "{}: {}", url_,
                reason[0] != '\0' ? reason.data() : curl_easy_strerror(done));
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  LIDO_TRY(check_status(status, url, !token_.empty(), answer));
  return answer;
}

Result<std::string> JobsApi::version() {
  const Json json = LIDO_TRY(parse_answer(url_, LIDO_TRY(call("GET", "/api/version"))));
  return text_at(json, "ray_version");
}

Result<std::vector<Job>> JobsApi::list() {
  const Json json = LIDO_TRY(parse_answer(url_, LIDO_TRY(call("GET", "/api/jobs/"))));
  std::vector<Job> jobs;
  if (!json.is_array())
    return fail(ErrorCode::kUnavailable, "{}: the answer is not a list of jobs", url_);
  for (const Json& entry : json) {
    if (entry.is_object()) jobs.push_back(job_of(entry));
  }
  return jobs;
}

Result<Job> JobsApi::get(const std::string& id) {
  LIDO_TRY(check_id(id));
  const auto text = call("GET", "/api/jobs/" + id);
  if (!text && text.error().code == ErrorCode::kNotFound)
    return fail(ErrorCode::kNotFound, "{}: {} has no such job", id, url_);
  const Json json = LIDO_TRY(parse_answer(url_, LIDO_TRY(text)));
  if (!json.is_object()) return fail(ErrorCode::kUnavailable, "{}: the answer is not a job", url_);
  return job_of(json);
}

Result<void> JobsApi::submit(const Submission& submission) {
  Json json = {{"submission_id", submission.id},
               {"entrypoint", submission.entrypoint},
               {"metadata", {{"lido_dataset", submission.dataset}}}};
  if (submission.cpus > 0) json["entrypoint_num_cpus"] = submission.cpus;
  if (submission.gpus > 0) json["entrypoint_num_gpus"] = submission.gpus;
  if (!submission.resources.empty()) json["entrypoint_resources"] = submission.resources;
  if (!submission.package.empty()) json["runtime_env"] = {{"working_dir", submission.package}};
  LIDO_TRY(call("POST", "/api/jobs/", json_text(json)));
  return {};
}

Result<std::string> JobsApi::logs(const std::string& id) {
  LIDO_TRY(check_id(id));
  const auto text = call("GET", "/api/jobs/" + id + "/logs");
  if (!text && text.error().code == ErrorCode::kNotFound)
    return fail(ErrorCode::kNotFound, "{}: {} has no such job", id, url_);
  const Json json = LIDO_TRY(parse_answer(url_, LIDO_TRY(text)));
  return text_at(json, "logs");
}

Result<std::string> JobsApi::upload(const std::string& zip) {
  // Ray recognises its packages by this name.
  const std::string name = fmt::format("_ray_pkg_{}.zip", sha256_hex(zip).substr(0, 32));
  const std::string path = "/api/packages/gcs/" + name;
  // A question about a package keeps it for ten minutes.
  auto known = call("GET", path);
  if (!known && known.error().code == ErrorCode::kNotFound) {
    LIDO_TRY(call("PUT", path, zip));
    known = call("GET", path);
  }
  LIDO_TRY(known);
  return "gcs://" + name;
}

Result<LogTail> JobsApi::log_tail(const Job& job, int lines) {
  LIDO_TRY(check_id(job.id));
  if (job.node.empty()) return LogTail{.text = {}, .is_whole = true};
  const auto is_hex = [](unsigned char c) { return std::isxdigit(c) != 0; };
  if (!std::ranges::all_of(job.node, is_hex))
    return fail(ErrorCode::kUnavailable, "{}: the id of node {} is not hexadecimal", url_,
                job.node);
  LogTail tail{
      .text = LIDO_TRY(call(
          "GET", fmt::format("/api/v0/logs/file?node_id={}&filename=job-driver-{}.log&lines={}",
                             job.node, job.id, lines)))};
  tail.is_whole = std::ranges::count(tail.text, '\n') < lines;
  return tail;
}

Result<void> JobsApi::stop(const std::string& id) {
  LIDO_TRY(get(id));
  LIDO_TRY(call("POST", "/api/jobs/" + id + "/stop"));
  return {};
}

std::string shell_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  }
  return quoted + "'";
}

}  // namespace lido::cluster
