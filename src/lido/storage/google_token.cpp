// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/google_token.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "lido/base/json_field.h"
#include "lido/base/json_text.h"
#include "lido/base/signing.h"
#include "lido/storage/credentials.h"

namespace lido::storage {
namespace {

using Json = nlohmann::json;

constexpr const char* kScope = "https://www.googleapis.com/auth/devstorage.read_write";
constexpr const char* kTokenServer = "https://oauth2.googleapis.com/token";
/// A token is renewed this long before its end.
constexpr auto kTokenMargin = std::chrono::minutes(4);

Result<std::string> text_of_file(const std::string& path) {
  std::ifstream file(path);
  if (!file)
    return fail(ErrorCode::kInvalidArgument, "{}: the file of credentials cannot be read", path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

/// Asks a server of tokens. @return Its answer, a JSON object.
Result<Json> ask(HttpClient& client, HttpRequest request, const std::stop_token& stop) {
  const auto answer = client.send(request, stop);
  if (!answer) return with_context(request.url, answer.error());
  if (!answer->is_success()) {
    return fail(answer->status >= 500 ? ErrorCode::kUnavailable : ErrorCode::kInvalidArgument,
                "{}: no access token, got {} {}", request.url, answer->status,
                answer->body.substr(0, answer->body.find('\n')).substr(0, 150));
  }
  Json json = Json::parse(answer->body, nullptr, false);
  if (!json.is_object())
    return fail(ErrorCode::kUnavailable, "{}: the answer is not a JSON object", request.url);
  return json;
}

/// Returns a POST request with fields of a form.
HttpRequest form(const std::string& url,
                 std::initializer_list<std::pair<const char*, std::string>> fields) {
  HttpRequest request{
      .method = "POST", .url = url, .headers = {"Content-Type: application/x-www-form-urlencoded"}};
  for (const auto& [name, value] : fields)
    request.body.before += fmt::format("{}{}={}", request.body.before.empty() ? "" : "&", name,
                                       percent_encoded(value));
  return request;
}

Result<Json> token_of_service_account(HttpClient& client, const Json& key,
                                      const std::stop_token& stop) {
  const std::string server = text_at(key, "token_uri", kTokenServer);
  const std::string statement =
      LIDO_TRY(service_account_statement(text_at(key, "client_email"), text_at(key, "private_key"),
                                         server, std::chrono::system_clock::now()));
  return ask(client,
             form(server, {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                           {"assertion", statement}}),
             stop);
}

Result<Json> token_of_user(HttpClient& client, const Json& login, const std::stop_token& stop) {
  return ask(client,
             form(text_at(login, "token_uri", kTokenServer),
                  {{"grant_type", "refresh_token"},
                   {"client_id", text_at(login, "client_id")},
                   {"client_secret", text_at(login, "client_secret")},
                   {"refresh_token", text_at(login, "refresh_token")}}),
             stop);
}

/// Reads the other provider's token, from a file or a URL.
Result<std::string> subject_token(HttpClient& client, const Json& source,
                                  const std::stop_token& stop) {
  std::string text;
  if (const std::string file = text_at(source, "file"); !file.empty()) {
    text = LIDO_TRY(text_of_file(file));
  } else if (const std::string url = text_at(source, "url"); !url.empty()) {
    HttpRequest request{.url = url};
    const Json headers = source.value("headers", Json::object());
    for (const auto& [name, value] : headers.items()) {
      if (value.is_string())
        request.headers.push_back(fmt::format("{}: {}", name, value.get<std::string>()));
    }
    const auto answer = client.send(request, stop);
    if (!answer) return with_context(url, answer.error());
    if (!answer->is_success())
      return fail(ErrorCode::kUnavailable, "{}: no token, got {}", url, answer->status);
    text = answer->body;
  } else {
    return fail(ErrorCode::kInvalidArgument,
                "credential_source: of a kind that Lido does not know, want file or url");
  }
  const Json format = source.value("format", Json::object());
  if (text_at(format, "type", "text") != "json") return text;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail(ErrorCode::kInvalidArgument, "subject token: no JSON object");
  return text_at(json, text_at(format, "subject_token_field_name").c_str());
}

Result<Json> token_of_federation(HttpClient& client, const Json& account,
                                 const std::stop_token& stop) {
  const std::string subject =
      LIDO_TRY(subject_token(client, account.value("credential_source", Json::object()), stop));
  const std::string owner = text_at(account, "service_account_impersonation_url");
  const char* scope = owner.empty() ? kScope : "https://www.googleapis.com/auth/cloud-platform";
  Json answer =
      LIDO_TRY(ask(client,
                   form(text_at(account, "token_url"),
                        {{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                         {"requested_token_type", "urn:ietf:params:oauth:token-type:access_token"},
                         {"audience", text_at(account, "audience")},
                         {"scope", scope},
                         {"subject_token_type", text_at(account, "subject_token_type")},
                         {"subject_token", subject}}),
                   stop));
  if (owner.empty()) return answer;
  HttpRequest request{
      .method = "POST",
      .url = owner,
      .headers = {"Content-Type: application/json",
                  "Authorization: Bearer " + text_at(answer, "access_token")},
      .body = {.before = json_text(Json{{"scope", {kScope}}, {"lifetime", "3600s"}})}};
  const Json given = LIDO_TRY(ask(client, std::move(request), stop));
  return Json{{"access_token", text_at(given, "accessToken")}, {"expires_in", 3600}};
}

Result<Json> token_of_machine(HttpClient& client, const std::stop_token& stop) {
  const char* root = std::getenv("GCE_METADATA_ROOT");
  const std::string host = root != nullptr && *root != '\0' ? root : "metadata.google.internal";
  HttpRequest request{
      .url =
          fmt::format("http://{}/computeMetadata/v1/instance/service-accounts/default/token", host),
      .headers = {"Metadata-Flavor: Google"}};
  return ask(client, std::move(request), stop);
}

Result<Json> ask_for_token(HttpClient& client, const std::stop_token& stop) {
  const std::string file = google_credentials_file();
  if (file.empty()) return token_of_machine(client, stop);
  const Json json = Json::parse(LIDO_TRY(text_of_file(file)), nullptr, false);
  if (!json.is_object())
    return fail(ErrorCode::kInvalidArgument, "{}: no JSON object, want a file of credentials",
                file);
  const std::string type = text_at(json, "type");
  auto answer = type == "service_account"   ? token_of_service_account(client, json, stop)
                : type == "authorized_user" ? token_of_user(client, json, stop)
                : type == "external_account"
                    ? token_of_federation(client, json, stop)
                    : fail(ErrorCode::kInvalidArgument,
                           "type is \"{}\", want service_account, authorized_user or "
                           "external_account",
                           type);
  if (!answer) return with_context(file, answer.error());
  return answer;
}

}  // namespace

Result<std::string> service_account_statement(const std::string& email, const std::string& key,
                                              const std::string& audience,
                                              std::chrono::system_clock::time_point now) {
  const int64_t from_s =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  const Json header = {{"alg", "RS256"}, {"typ", "JWT"}};
  const Json claims = {{"iss", email},
                       {"scope", kScope},
                       {"aud", audience},
                       {"iat", from_s},
                       {"exp", from_s + 3600}};
  const std::string text = base64url(json_text(header)) + "." + base64url(json_text(claims));
  return text + "." + base64url(LIDO_TRY(sign_rs256(key, text)));
}

Result<std::string> GoogleTokens::token(const std::stop_token& stop) {
  const std::lock_guard lock(mutex_);
  if (!token_.empty() && Clock::now() < end_) return token_;
  const Json answer = LIDO_TRY(ask_for_token(client_, stop));
  token_ = text_at(answer, "access_token");
  if (token_.empty())
    return fail(ErrorCode::kUnavailable, "access token: the answer of Google has none");
  const auto expires = answer.find("expires_in");
  const bool is_known = expires != answer.end() && expires->is_number();
  end_ = Clock::now() + std::chrono::seconds(is_known ? expires->get<int64_t>() : 0) - kTokenMargin;
  return token_;
}

void GoogleTokens::drop() {
  const std::lock_guard lock(mutex_);
  token_.clear();
}

}  // namespace lido::storage
