// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/jobs.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

namespace lido::cluster {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostBytes = size_t{64} << 20;
constexpr long kConnect_s = 10, kAll_s = 60;

size_t take(const char* data, size_t size, size_t count, void* text) {
  auto& all = *static_cast<std::string*>(text);
  if (all.size() + size * count > kMostBytes) return 0;  // ends the transfer with an error
  all.append(data, size * count);
  return size * count;
}

std::string text_of(const Json& json, const char* key) {
  const auto at = json.find(key);
  return at != json.end() && at->is_string() ? at->get<std::string>() : "";
}
int64_t number_of(const Json& json, const char* key) {
  const auto at = json.find(key);
  return at != json.end() && at->is_number() ? at->get<int64_t>() : 0;
}

Job job_of(const Json& json) {
  Job job{.id = text_of(json, "submission_id"),
          .status = text_of(json, "status"),
          .message = text_of(json, "message"),
          .entrypoint = text_of(json, "entrypoint"),
          .start_ms = number_of(json, "start_time"),
          .end_ms = number_of(json, "end_time")};
  if (const auto metadata = json.find("metadata"); metadata != json.end() && metadata->is_object())
    job.dataset = text_of(*metadata, "lido_dataset");
  if (const auto exit = json.find("driver_exit_code");
      exit != json.end() && exit->is_number_integer())
    job.exit = exit->get<int>();
  return job;
}

Result<Json> parsed(const std::string& url, const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded())
    return fail(ErrorCode::kUnavailable, "{}: no JSON came back, so no Ray Jobs API is there", url);
  return json;
}

/// An id stands in a path, so that it must be no more than a name.
Result<void> check_id(const std::string& id) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; };
  if (!id.empty() && std::ranges::all_of(id, plain)) return {};
  return fail(ErrorCode::kInvalidArgument, "job is \"{}\", want one that lido jobs lists", id);
}

bool is_this_machine(std::string_view host) {
  const bool loopback =
      host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || loopback || host == "[::1]";
}

}  // namespace

Result<JobsApi> JobsApi::at(const std::string& url, std::string token) {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  if (!ready) return fail(ErrorCode::kUnavailable, "libcurl does not start");
  const bool secure = url.starts_with("https://");
  const bool plain = url.starts_with("http://");
  if (!secure && !plain)
    return fail(ErrorCode::kInvalidArgument, "{}: want https://HOST or k8s:NAMESPACE/CLUSTER", url);
  std::string_view host = std::string_view(url).substr(secure ? 8 : 7);
  host = host.substr(0, host.find('/'));
  if (const size_t colon = host.rfind(':'); colon != host.npos && !host.ends_with(']'))
    host = host.substr(0, colon);
  if (plain && !is_this_machine(host))
    return fail(ErrorCode::kInvalidArgument,
                "{}: want https: footage's whereabouts and a token would travel in the clear", url);
  JobsApi api;
  api.url_ = url;
  while (api.url_.ends_with('/')) api.url_.pop_back();
  api.token_ = std::move(token);
  return api;
}

Result<std::string> JobsApi::call(const char* method, const std::string& path,
                                  const std::string& body) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 curl_easy_cleanup);
  if (!curl) return fail(ErrorCode::kUnavailable, "libcurl does not start");
  curl_slist* list = curl_slist_append(nullptr, "Content-Type: application/json");
  if (!token_.empty()) list = curl_slist_append(list, ("Authorization: Bearer " + token_).c_str());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list,
                                                                            curl_slist_free_all);
  std::string answer;
  std::array<char, CURL_ERROR_SIZE> reason{};
  const std::string url = url_ + path;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, reason.data());
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, kConnect_s);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, kAll_s);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  if (const char* trusted = std::getenv("SSL_CERT_FILE"); trusted != nullptr && *trusted != '\0')
    curl_easy_setopt(curl.get(), CURLOPT_CAINFO, trusted);
  if (!body.empty()) {
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  }
  const CURLcode done = curl_easy_perform(curl.get());
  if (done != CURLE_OK)
    return fail(ErrorCode::kUnavailable, "{}: {}", url_,
                reason[0] != '\0' ? reason.data() : curl_easy_strerror(done));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status == 401)
    return fail(ErrorCode::kInvalidArgument, "{}: {}", url_,
                token_.empty() ? "this cluster wants a token (--token-file)"
                               : "the token was not taken (401)");
  if (status == 403)
    return fail(ErrorCode::kInvalidArgument, "{}: the token does not allow this (403)", url_);
  if (status == 404) return fail(ErrorCode::kNotFound, "{}: not there", url);
  if (status < 200 || status > 299) {
    const std::string first = answer.substr(0, std::min(answer.find('\n'), size_t{300}));
    return fail(status >= 500 ? ErrorCode::kUnavailable : ErrorCode::kInvalidArgument, "{}: {} {}",
                url, status, first);
  }
  return answer;
}

Result<std::string> JobsApi::version() {
  const Json json = LIDO_TRY(parsed(url_, LIDO_TRY(call("GET", "/api/version"))));
  return json.is_object() ? text_of(json, "ray_version") : "";
}

Result<std::vector<Job>> JobsApi::list() {
  const Json json = LIDO_TRY(parsed(url_, LIDO_TRY(call("GET", "/api/jobs/"))));
  std::vector<Job> jobs;
  if (!json.is_array()) return fail(ErrorCode::kUnavailable, "{}: no list of jobs came back", url_);
  for (const Json& one : json) {
    if (one.is_object()) jobs.push_back(job_of(one));
  }
  return jobs;
}

Result<Job> JobsApi::get(const std::string& id) {
  LIDO_TRY(check_id(id));
  const auto text = call("GET", "/api/jobs/" + id);
  if (!text && text.error().code == ErrorCode::kNotFound)
    return fail(ErrorCode::kNotFound, "{}: no such job at {}", id, url_);
  const Json json = LIDO_TRY(parsed(url_, LIDO_TRY(text)));
  if (!json.is_object()) return fail(ErrorCode::kUnavailable, "{}: no job came back", url_);
  return job_of(json);
}

Result<void> JobsApi::submit(const Submission& submission) {
  Json json = {{"submission_id", submission.id},
               {"entrypoint", submission.entrypoint},
               {"metadata", {{"lido_dataset", submission.dataset}}}};
  if (submission.cpus > 0) json["entrypoint_num_cpus"] = submission.cpus;
  if (submission.gpus > 0) json["entrypoint_num_gpus"] = submission.gpus;
  if (!submission.resources.empty()) json["entrypoint_resources"] = submission.resources;
  LIDO_TRY(call("POST", "/api/jobs/", json.dump(-1, ' ', false, Json::error_handler_t::replace)));
  return {};
}

Result<std::string> JobsApi::logs(const std::string& id) {
  LIDO_TRY(check_id(id));
  const auto text = call("GET", "/api/jobs/" + id + "/logs");
  if (!text && text.error().code == ErrorCode::kNotFound)
    return fail(ErrorCode::kNotFound, "{}: no such job at {}", id, url_);
  const Json json = LIDO_TRY(parsed(url_, LIDO_TRY(text)));
  return json.is_object() ? text_of(json, "logs") : "";
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
