// SPDX-License-Identifier: Apache-2.0
// Google Cloud Storage: https://cloud.google.com/storage/docs/json_api/v1
#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "lido/base/counted.h"
#include "lido/base/json_field.h"
#include "lido/base/json_text.h"
#include "lido/base/signing.h"
#include "lido/storage/credentials.h"
#include "lido/storage/google_token.h"
#include "lido/storage/object_api.h"
#include "lido/storage/object_listing.h"
#include "lido/storage/requester.h"

namespace lido::storage {
namespace {

using Json = nlohmann::json;

constexpr const char* kGcsServer = "https://storage.googleapis.com";
/// Most calls in one batch, by Google's rule.
constexpr size_t kGcsBatch = 100;

/// Connections and tokens that all buckets of the process share.
struct GcsConnection {
  explicit GcsConnection(bool is_anonymous)
      : requester(Provider::kGoogle, is_anonymous), tokens(requester.client()) {}
  Requester requester;
  GoogleTokens tokens;
};

int64_t number_at(const Json& json, const char* key) {
  const std::string text = text_at(json, key);  // JSON of Google has 64-bit numbers as text
  return std::strtoll(text.c_str(), nullptr, 10);
}

class GcsBucket final : public ObjectApi {
 public:
  GcsBucket(std::string bucket, std::string server, bool has_token,
            std::shared_ptr<GcsConnection> connection)
      : bucket_(std::move(bucket)),
        server_(std::move(server)),
        has_token_(has_token),
        connection_(std::move(connection)) {}

  Checksum checksum() const override { return Checksum::kMd5; }
  size_t batch_size() const override { return kGcsBatch; }

  Result<ObjectState> state(const std::string& name) override {
    const std::string uri = uri_of(name);
    const auto answer =
        LIDO_TRY(run(uri, {.url = url_of(name) + "?fields=size,generation,updated,metadata"}));
    const Json json = LIDO_TRY(parse(uri, answer));
    const int64_t now_s = parse_http_time(answer.header("date"));
    const int64_t then_s = parse_iso_time_ns(text_at(json, "updated")) / 1'000'000'000;
    const bool is_known = now_s > 0 && then_s > 0;
    return ObjectState{.size = number_at(json, "size"),
                       .version = text_at(json, "generation"),
                       .age_s = is_known ? static_cast<double>(now_s - then_s) : 0,
                       .text = {},
                       .writer = json.contains("metadata") ? text_at(json["metadata"], kWriterKey)
                                                           : std::string()};
  }

  Result<ObjectState> get(const std::string& name) override {
    ObjectState found = LIDO_TRY(state(name));
    found.text.resize(static_cast<size_t>(found.size));
    if (found.size == 0) return found;
    found.text.resize(
        LIDO_TRY(read(name, found.version, 0, std::as_writable_bytes(std::span(found.text)))));
    return found;
  }

  Result<size_t> read(const std::string& name, const std::string& version, int64_t offset,
                      std::span<std::byte> into) override {
    HttpRequest request{.url = url_of(name) + "?alt=media&generation=" + version, .into = into};
    request.headers.push_back(
        fmt::format("Range: bytes={}-{}", offset, offset + std::ssize(into) - 1));
    const auto answer = LIDO_TRY(run(uri_of(name), std::move(request), {404, 412, 416}));
    if (answer.status == 416) return 0;
    if (!answer.is_success())
      return fail(ErrorCode::kUnavailable, "{}: written over or removed while it was read",
                  uri_of(name));
    return answer.received;
  }

  Result<std::optional<std::string>> put(const std::string& name, const Upload& upload,
                                         const WriteIf& wanted) override {
    std::string url = fmt::format("{}/upload/storage/v1/b/{}/o?uploadType=multipart&name={}",
                                  server_, percent_encoded(bucket_), percent_encoded(name));
    if (wanted.state == WriteIf::State::kMissing) url += "&ifGenerationMatch=0";
    if (wanted.state == WriteIf::State::kVersion) url += "&ifGenerationMatch=" + wanted.version;
    const std::string boundary = "lido-" + random_hex(16);
    HttpRequest request{.method = "POST",
                        .url = std::move(url),
                        .headers = {"Content-Type: multipart/related; boundary=" + boundary},
                        .body = {.file = upload.file, .file_bytes = upload.file_bytes}};
    // The server refuses bytes that differ from the checksum.
    Json facts = {{"md5Hash", base64(upload.md5)}};
    const std::string writer = new_writer(wanted);
    if (!writer.empty()) facts["metadata"] = {{kWriterKey, writer}};
    request.body.before = fmt::format(
        "--{0}\r\nContent-Type: application/json\r\n\r\n{1}\r\n--{0}\r\n"
        "Content-Type: application/octet-stream\r\n\r\n{2}",
        boundary, json_text(facts), upload.text);
    request.body.after = fmt::format("\r\n--{}--\r\n", boundary);
    const auto answer = LIDO_TRY(run(uri_of(name), std::move(request), {404, 412}));
    if (answer.status == 412) return own_version(*this, name, writer);
    if (!answer.is_success()) return no_bucket(name);
    const Json json = LIDO_TRY(parse(uri_of(name), answer));
    return text_at(json, "generation");
  }

  Result<void> remove(std::span<const std::string> names) override {
    const std::string boundary = "lido-" + random_hex(16);
    HttpRequest request{.method = "POST",
                        .url = server_ + "/batch/storage/v1",
                        .headers = {"Content-Type: multipart/mixed; boundary=" + boundary}};
    std::string& body = request.body.before;
    for (size_t i = 0; i < names.size(); ++i) {
      body += fmt::format(
          "--{}\r\nContent-Type: application/http\r\nContent-ID: <{}>\r\n\r\n"
          "DELETE /storage/v1/b/{}/o/{} HTTP/1.1\r\n\r\n\r\n",
          boundary, i, percent_encoded(bucket_), percent_encoded(names[i]));
    }
    body += fmt::format("--{}--\r\n", boundary);
    return repeat_batch([&]() -> Result<BatchOutcome> {
      return check_batch(LIDO_TRY(run(uri_of(names[0]), request)).body, names);
    });
  }

  Result<void> list(const std::string& prefix, const VisitObject& visit) override {
    std::string page;
    do {
      std::string url = fmt::format(
          "{}/storage/v1/b/{}/o?prefix={}&fields=items(name,size,updated),nextPageToken", server_,
          percent_encoded(bucket_), percent_encoded(prefix));
      if (!page.empty()) url += "&pageToken=" + percent_encoded(page);
      const auto answer = LIDO_TRY(run(uri_of(prefix), {.url = std::move(url)}, {404}));
      if (answer.status == 404) return no_bucket(prefix);
      auto listed = parse_gcs_listing(answer.body);
      if (!listed) return with_context(uri_of(prefix), listed.error());
      for (ListedObject& object : listed->objects) LIDO_TRY(visit(std::move(object)));
      LIDO_TRY(turn_page(uri_of(prefix), page, std::move(listed->next)));
    } while (!page.empty());
    return {};
  }

 private:
  std::string uri_of(const std::string& name) const {
    return fmt::format("gs://{}/{}", bucket_, name);
  }
  std::string url_of(const std::string& name) const {
    return fmt::format("{}/storage/v1/b/{}/o/{}", server_, percent_encoded(bucket_),
                       percent_encoded(name));
  }
  std::unexpected<Error> no_bucket(const std::string& name) const {
    std::string uri = uri_of(name);
    while (uri.ends_with('/')) uri.pop_back();
    return fail(ErrorCode::kNotFound, "{}: no such bucket", uri);
  }

  Result<HttpAnswer> run(const std::string& uri, HttpRequest request,
                         std::initializer_list<long> accepted = {}) {
    const auto make = [&](const std::stop_token& stop) -> Result<HttpRequest> {
      if (!has_token_) return request;
      HttpRequest signed_request = request;
      signed_request.headers.push_back("Authorization: Bearer " +
                                       LIDO_TRY(connection_->tokens.token(stop)));
      return signed_request;
    };
    return connection_->requester.run(uri, make, accepted);
  }

  static Result<Json> parse(const std::string& uri, const HttpAnswer& answer) {
    Json json = Json::parse(answer.body, nullptr, false);
    if (json.is_object()) return json;
    return fail(ErrorCode::kUnavailable, "{}: the answer of the server is not a JSON object", uri);
  }

  /// Checks that every call of a batch succeeded, or found no object.
  Result<BatchOutcome> check_batch(std::string_view body,
                                   std::span<const std::string> names) const {
    size_t answers = 0;
    std::string failed;  // status of a call that may succeed later
    constexpr std::string_view kStatusLine = "HTTP/1.1 ";
    for (size_t at = body.find(kStatusLine); at != std::string_view::npos;
         at = body.find(kStatusLine, at + 1)) {
      ++answers;
      const std::string status(body.substr(at + kStatusLine.size(), 3));
      if (status.starts_with('2') || status == "404") continue;
      if (may_pass(std::strtol(status.c_str(), nullptr, 10))) {
        failed = status;
        continue;
      }
      return fail(ErrorCode::kInvalidArgument, "{}: an object of {} cannot be removed ({})",
                  uri_of(names[0]), names.size(), status);
    }
    if (!failed.empty())
      return Error{ErrorCode::kUnavailable,
                   fmt::format("{}: an object of {} cannot be removed ({})", uri_of(names[0]),
                               names.size(), failed)};
    if (answers == names.size()) return std::nullopt;
    return Error{ErrorCode::kUnavailable,
                 fmt::format("{}: {} to {}", uri_of(names[0]), counted(answers, "answer"),
                             counted(names.size(), "removal"))};
  }

  std::string bucket_;
  std::string server_;
  bool has_token_;
  std::shared_ptr<GcsConnection> connection_;
};

}  // namespace

Result<std::shared_ptr<ObjectApi>> open_gcs(const std::string& bucket) {
  static std::mutex mutex;
  static std::shared_ptr<GcsConnection> connection;
  const char* emulator = std::getenv("CLOUD_STORAGE_EMULATOR_ENDPOINT");
  const std::lock_guard lock(mutex);
  if (!connection) {
    const bool is_anonymous = emulator == nullptr && !has_credentials(Provider::kGoogle);
    connection = std::make_shared<GcsConnection>(is_anonymous);
    connection->requester.on_refused([tokens = &connection->tokens] { tokens->drop(); });
  }
  std::string server = emulator != nullptr ? emulator : kGcsServer;
  if (!server.contains("://")) server = "http://" + server;
  while (server.ends_with('/')) server.pop_back();
  const bool has_token = emulator == nullptr && !connection->requester.is_anonymous();
  return std::make_shared<GcsBucket>(bucket, std::move(server), has_token, connection);
}

}  // namespace lido::storage
