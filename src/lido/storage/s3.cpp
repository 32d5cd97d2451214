// SPDX-License-Identifier: Apache-2.0
// Amazon S3 and servers like it: https://docs.aws.amazon.com/AmazonS3/latest/API
#include <arrow/filesystem/s3fs.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <pugixml.hpp>
#include <sstream>

#include "lido/base/hash.h"
#include "lido/base/signing.h"
#include "lido/storage/aws_signature.h"
#include "lido/storage/credentials.h"
#include "lido/storage/object_api.h"
#include "lido/storage/object_listing.h"
#include "lido/storage/requester.h"

namespace lido::storage {
namespace {

constexpr const char* kDefaultRegion = "us-east-1";
/// Most objects in one removal, by S3's rule.
constexpr size_t kS3Batch = 1000;
/// Files above this size are sent in pieces. S3 takes 5 GiB in one request, and 10,000 pieces.
constexpr int64_t kMaxOnePut = int64_t{1} << 30;
constexpr int64_t kMinPiece = int64_t{64} << 20;
constexpr int64_t kMaxPieces = 9000;

std::atomic<bool> is_aws_library_in_use = false;

std::string environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// Where a bucket is, and who asks.
struct S3Address {
  std::string url;  ///< URL of the bucket, without a trailing '/'.
  std::string region;
};

std::string xml_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&' || c == '<' || c == '>' || c == '"' || byte < 32)
      escaped += fmt::format("&#{};", byte);
    else
      escaped += c;
  }
  return escaped;
}

/// Bytes of a file from `offset` on, as a body with its SHA-256.
Result<std::string> sha256_of(int file, int64_t offset, int64_t bytes) {
  Sha256 hash;
  std::vector<std::byte> block(size_t{1} << 20);
  while (bytes > 0) {
    const auto wanted = std::min(bytes, static_cast<int64_t>(block.size()));
    const ssize_t read = ::pread(file, block.data(), static_cast<size_t>(wanted), offset);
    if (read <= 0) return fail(ErrorCode::kUnavailable, "a temporary file cannot be read");
    hash.update(std::span(block).first(static_cast<size_t>(read)));
    offset += read;
    bytes -= read;
  }
  return hash.hex();
}

class S3Bucket final : public ObjectApi {
 public:
  S3Bucket(std::string bucket, S3Address address, std::shared_ptr<Requester> requester,
           std::shared_ptr<const arrow::fs::S3Options> login)
      : bucket_(std::move(bucket)),
        address_(std::move(address)),
        requester_(std::move(requester)),
        login_(std::move(login)) {}

  Checksum checksum() const override { return Checksum::kSha256; }
  size_t batch_size() const override { return kS3Batch; }

  Result<ObjectState> state(const std::string& name) override {
    auto answer = LIDO_TRY(run(name, {.method = "HEAD", .url = url_of(name)}));
    ObjectState found = state_from(answer);
    found.size = std::strtoll(answer.header("content-length").c_str(), nullptr, 10);
    return found;
  }

  Result<ObjectState> get(const std::string& name) override {
    auto answer = LIDO_TRY(run(name, {.url = url_of(name)}));
    ObjectState found = state_from(answer);
    found.size = std::ssize(answer.body);
    found.text = std::move(answer.body);
    return found;
  }

  Result<size_t> read(const std::string& name, const std::string& version, int64_t offset,
                      std::span<std::byte> into) override {
    HttpRequest request{.url = url_of(name), .headers = {"If-Match: " + version}, .into = into};
    request.headers.push_back(
        fmt::format("Range: bytes={}-{}", offset, offset + std::ssize(into) - 1));
    const auto answer = LIDO_TRY(run(name, std::move(request), {404, 412, 416}));
    if (answer.status == 416) return 0;
    // A server that does not know If-Match still names the version that it sends.
    const std::string sent = answer.header("etag");
    if (!answer.is_success() || (!sent.empty() && sent != version))
      return fail(ErrorCode::kUnavailable, "{}: written over or removed while it was read",
                  uri_of(name));
    return answer.received;
  }

  Result<std::optional<std::string>> put(const std::string& name, const Upload& upload,
                                         const WriteIf& wanted) override {
    if (upload.size() > kMaxOnePut) return put_in_pieces(name, upload);
    HttpRequest request{
        .method = "PUT",
        .url = url_of(name),
        .body = {.before = upload.text, .file = upload.file, .file_bytes = upload.file_bytes}};
    const std::string writer = new_writer(wanted);
    if (!writer.empty()) {
      request.headers.emplace_back("If-None-Match: *");
      request.headers.push_back(fmt::format("x-amz-meta-{}: {}", kWriterKey, writer));
    }
    if (wanted.state == WriteIf::State::kVersion)
      request.headers.push_back("If-Match: " + wanted.version);
    const auto answer = LIDO_TRY(run(name, std::move(request), {404, 412, 501}, upload.sha256));
    if (answer.status == 501 && wanted.state != WriteIf::State::kAny)
      return fail(ErrorCode::kInvalidArgument,
                  "{}: the server does not know conditional writes (If-None-Match), without which "
                  "two writers can lose each other's work",
                  uri_of(name));
    const bool is_overtaken = wanted.state == WriteIf::State::kVersion && answer.status == 404;
    if (answer.status == 412) return own_version(*this, name, writer);
    if (is_overtaken) return std::nullopt;
    if (!answer.is_success()) return no_bucket(name);
    return answer.header("etag");
  }

  Result<void> remove(std::span<const std::string> names) override {
    std::string body = R"(<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">)"
                       "<Quiet>true</Quiet>";
    for (const std::string& name : names)
      body += fmt::format("<Object><Key>{}</Key></Object>", xml_escaped(name));
    body += "</Delete>";
    const Upload upload = Upload::of(std::move(body));
    HttpRequest request{
        .method = "POST",
        .url = address_.url + "/?delete",
        .headers = {"Content-MD5: " + base64(upload.md5), "Content-Type: application/xml"},
        .body = {.before = upload.text}};
    return repeat_batch([&]() -> Result<BatchOutcome> {
      return check_batch(LIDO_TRY(run(names[0], request, {}, upload.sha256)).body, names);
    });
  }

  Result<void> list(const std::string& prefix, const VisitObject& visit) override {
    std::string page;
    do {
      std::string url = fmt::format("{}/?encoding-type=url&list-type=2&prefix={}", address_.url,
                                    percent_encoded(prefix));
      if (!page.empty()) url += "&continuation-token=" + percent_encoded(page);
      const auto answer = LIDO_TRY(run(prefix, {.url = std::move(url)}, {404}));
      if (answer.status == 404) return no_bucket(prefix);
      auto listed = parse_s3_listing(answer.body);
      if (!listed) return with_context(uri_of(prefix), listed.error());
      for (ListedObject& object : listed->objects) LIDO_TRY(visit(std::move(object)));
      LIDO_TRY(turn_page(uri_of(prefix), page, std::move(listed->next)));
    } while (!page.empty());
    return {};
  }

 private:
  std::string uri_of(const std::string& name) const {
    return fmt::format("s3://{}/{}", bucket_, name);
  }
  std::string url_of(const std::string& name) const {
    return address_.url + "/" + percent_encoded(name, "/");
  }
  std::unexpected<Error> no_bucket(const std::string& name) const {
    std::string uri = uri_of(name);
    while (uri.ends_with('/')) uri.pop_back();
    return fail(ErrorCode::kNotFound, "{}: no such bucket", uri);
  }

  static pugi::xml_document parsed(const std::string& text) {
    pugi::xml_document xml;
    (void)xml.load_buffer(text.data(), text.size());  // a document without a root otherwise
    return xml;
  }

  static ObjectState state_from(const HttpAnswer& answer) {
    const int64_t now_s = parse_http_time(answer.header("date"));
    const int64_t then_s = parse_http_time(answer.header("last-modified"));
    const bool is_known = now_s > 0 && then_s > 0;
    return {.version = answer.header("etag"),
            .age_s = is_known ? static_cast<double>(now_s - then_s) : 0,
            .text = {},
            .writer = answer.header(fmt::format("x-amz-meta-{}", kWriterKey))};
  }

  /// Checks that a batch removed every object: the answer names those that stay.
  Result<BatchOutcome> check_batch(const std::string& body,
                                   std::span<const std::string> names) const {
    constexpr std::array<std::string_view, 5> kForNow = {
        "SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted"};
    const pugi::xml_document xml = parsed(body);
    if (!xml.document_element())
      return Error{ErrorCode::kUnavailable,
                   uri_of(names[0]) + ": the answer to a removal is not XML"};
    BatchOutcome failure;
    for (const pugi::xml_node error : xml.document_element().children("Error")) {
      const std::string_view code = error.child_value("Code");
      const bool is_for_now = std::ranges::find(kForNow, code) != kForNow.end();
      Error one{is_for_now ? ErrorCode::kUnavailable : ErrorCode::kInvalidArgument,
                fmt::format("{}: cannot be removed: {} ({})", uri_of(error.child_value("Key")),
                            error.child_value("Message"), code)};
      if (!is_for_now) return std::unexpected(std::move(one));
      failure = std::move(one);
    }
    return failure;
  }

  /// Runs a request that is signed for each attempt.
  /// @param sha256  Checksum of the body; empty for no body.
  Result<HttpAnswer> run(const std::string& name, HttpRequest request,
                         std::initializer_list<long> accepted = {}, std::string sha256 = "") {
    if (sha256.empty()) sha256 = sha256_hex("");
    const size_t own_headers = request.headers.size();
    const auto make = [&](const std::stop_token&) -> Result<HttpRequest> {
      AwsCredentials credentials;
      if (login_) {
        credentials = LIDO_TRY(read_unmixed([&]() -> AwsCredentials {
          return {login_->GetAccessKey(), login_->GetSecretKey(), login_->GetSessionToken()};
        }));
      }
      request.headers.resize(own_headers);
      sign_for_s3(request, credentials, address_.region, sha256, std::chrono::system_clock::now());
      return request;
    };
    return requester_->run(uri_of(name), make, accepted);
  }

  /// Sends a large file in pieces. Readers see nothing of it before the last request.
  Result<std::optional<std::string>> put_in_pieces(const std::string& name, const Upload& upload) {
    const auto begun = LIDO_TRY(run(name, {.method = "POST", .url = url_of(name) + "?uploads"}));
    const std::string id = parsed(begun.body).document_element().child_value("UploadId");
    if (id.empty())
      return fail(ErrorCode::kUnavailable, "{}: the server begins no upload", uri_of(name));
    auto version = send_pieces(name, upload, id);
    if (version) return std::optional(*version);
    const RequestScope cleaning_up({}, kCleaningAttempts);
    (void)run(name, {.method = "DELETE", .url = url_of(name) + "?uploadId=" + percent_encoded(id)});
    return std::unexpected(version.error());
  }

  Result<std::string> send_pieces(const std::string& name, const Upload& upload,
                                  const std::string& id) {
    const int64_t piece = std::max(kMinPiece, upload.file_bytes / kMaxPieces + 1);
    std::string list = "<CompleteMultipartUpload>";
    int number = 1;
    for (int64_t at = 0; at < upload.file_bytes; at += piece, ++number) {
      const int64_t bytes = std::min(piece, upload.file_bytes - at);
      HttpRequest request{.method = "PUT",
                          .url = fmt::format("{}?partNumber={}&uploadId={}", url_of(name), number,
                                             percent_encoded(id)),
                          .body = {.file = upload.file, .file_offset = at, .file_bytes = bytes}};
      const auto sent =
          LIDO_TRY(run(name, std::move(request), {}, LIDO_TRY(sha256_of(upload.file, at, bytes))));
      list += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", number,
                          xml_escaped(sent.header("etag")));
    }
    list += "</CompleteMultipartUpload>";
    const std::string sha256 = sha256_hex(list);
    const auto done = LIDO_TRY(run(name,
                                   {.method = "POST",
                                    .url = url_of(name) + "?uploadId=" + percent_encoded(id),
                                    .body = {.before = std::move(list)}},
                                   {}, sha256));
    const pugi::xml_document xml = parsed(done.body);
    std::string version = xml.document_element().child_value("ETag");
    if (!version.empty()) return version;  // an error may follow the status 200
    return fail(ErrorCode::kUnavailable, "{}: the server does not complete the upload: {}",
                uri_of(name), xml.document_element().child_value("Message"));
  }

  std::string bucket_;
  S3Address address_;
  std::shared_ptr<Requester> requester_;
  std::shared_ptr<const arrow::fs::S3Options> login_;  // null without credentials
};

/// Returns the region that the environment names, or the default one.
std::string region_of_environment() {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (std::string region = environment_variable(name); !region.empty()) return region;
  }
  return kDefaultRegion;
}

/// Asks AWS for a bucket's region, which it names to everybody.
Result<S3Address> find_bucket(const std::string& bucket, Requester& requester) {
  const std::string domain =
      region_of_environment().starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const bool is_host = !bucket.contains('.');  // certificates cover no further dots
  const auto url_in = [&](const std::string& region) {
    return is_host ? fmt::format("https://{}.s3.{}.{}", bucket, region, domain)
                   : fmt::format("https://s3.{}.{}/{}", region, domain, bucket);
  };
  const auto make = [&](const std::stop_token&) -> Result<HttpRequest> {
    return HttpRequest{.method = "HEAD", .url = url_in(region_of_environment())};
  };
  const auto answer =
      LIDO_TRY(requester.run("s3://" + bucket, make, {301, 307, 400, 401, 403, 404}));
  std::string region = answer.header("x-amz-bucket-region");
  if (region.empty()) region = region_of_environment();
  return S3Address{url_in(region), region};
}

/// While it exists, new threads take no signals: one of a library would end the process by them.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

Result<std::shared_ptr<const arrow::fs::S3Options>> log_in() {
  const BlockedSignals for_new_threads;
  const auto ready = arrow::fs::EnsureS3Initialized();
  if (!ready.ok()) return fail(ErrorCode::kUnavailable, "s3://: {}", ready.message());
  is_aws_library_in_use = true;
  return std::make_shared<const arrow::fs::S3Options>(arrow::fs::S3Options::Defaults());
}

/// State that all buckets of the process share.
struct S3Connection {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<ObjectApi>> buckets;
  std::shared_ptr<Requester> requester;
  std::shared_ptr<const arrow::fs::S3Options> login;
};

S3Connection& s3_connection() {
  static S3Connection connection;
  return connection;
}

}  // namespace

Result<std::shared_ptr<ObjectApi>> open_s3(const std::string& bucket) {
  S3Connection& shared = s3_connection();
  const std::lock_guard lock(shared.mutex);
  if (const auto found = shared.buckets.find(bucket); found != shared.buckets.end())
    return found->second;
  std::string endpoint = environment_variable("AWS_ENDPOINT_URL_S3");
  if (endpoint.empty()) endpoint = environment_variable("AWS_ENDPOINT_URL");
  if (!shared.requester) {
    const bool is_anonymous = endpoint.empty() && !has_credentials(Provider::kAws);
    if (!is_anonymous) shared.login = LIDO_TRY(log_in());
    shared.requester = std::make_shared<Requester>(Provider::kAws, is_anonymous);
  }
  S3Address address;
  if (endpoint.empty()) {
    address = LIDO_TRY(find_bucket(bucket, *shared.requester));
  } else {
    if (!endpoint.contains("://")) endpoint = "https://" + endpoint;
    while (endpoint.ends_with('/')) endpoint.pop_back();
    address = {endpoint + "/" + bucket, region_of_environment()};
  }
  auto api = std::make_shared<S3Bucket>(bucket, std::move(address), shared.requester, shared.login);
  shared.buckets.emplace(bucket, api);
  return api;
}

void shut_down_s3() {
  if (!is_aws_library_in_use.exchange(false)) return;
  S3Connection& shared = s3_connection();
  const std::lock_guard lock(shared.mutex);
  shared.buckets.clear();
  shared.login.reset();  // must not outlive the library
  (void)arrow::fs::FinalizeS3();
}

}  // namespace lido::storage
