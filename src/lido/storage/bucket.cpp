// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/bucket.h"

#include <arrow/filesystem/gcsfs.h>
#include <arrow/filesystem/s3fs.h>
#include <arrow/io/interfaces.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <list>
#include <map>
#include <mutex>
#include <thread>

#include "lido/storage/credentials.h"

namespace lido::storage {
namespace {

namespace afs = arrow::fs;

/// Attempts of one request, in addition to those of the client library.
constexpr int kMaxAttempts = 5;
/// Wait before the second attempt; it doubles from attempt to attempt.
constexpr auto kFirstWait = std::chrono::milliseconds(200);
/// Seconds for which the client library of GCS retries one request. Short without credentials,
/// since then an answer is unlikely.
constexpr double kRetry_s = 30;
constexpr double kAnonymousRetry_s = 2;
constexpr double kAnonymousConnect_s = 3;
constexpr int64_t kAnonymousS3Attempts = 2;
constexpr const char* kDefaultRegion = "us-east-1";
constexpr size_t kMaxMessage = 200;  // characters

std::atomic<bool> s3_in_use = false;

bool mentions(std::string_view text, std::initializer_list<std::string_view> marks) {
  return std::ranges::any_of(
      marks, [&](std::string_view mark) { return text.find(mark) != std::string_view::npos; });
}

/// Maps an error of the client libraries, which have no common codes.
ErrorCode code_of(const arrow::Status& status) {
  const std::string message = status.message();
  if (mentions(message, {"not found", "does not exist", "NoSuch", "NOT_FOUND"}))
    return ErrorCode::kNotFound;
  const bool refused = mentions(message, {"ACCESS_DENIED", "PERMISSION_DENIED", "UNAUTHENTICATED",
                                          "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH"});
  return refused || status.IsInvalid() ? ErrorCode::kInvalidArgument : ErrorCode::kUnavailable;
}

/// Returns one line of limited length.
std::string shortened(std::string message) {
  std::ranges::replace(message, '\n', ' ');
  if (message.size() > kMaxMessage) message = message.substr(0, kMaxMessage) + "...";
  return message;
}

std::unexpected<Error> failed(std::string_view uri, const arrow::Status& status) {
  return fail(code_of(status), "{}: {}", uri, shortened(status.message()));
}

/// A provider's filesystem, which all stores of the process share. Thread-safe.
class Connection {
 public:
  Connection(std::shared_ptr<afs::FileSystem> filesystem, Provider provider, bool anonymous)
      : filesystem_(std::move(filesystem)), provider_(provider), anonymous_(anonymous) {}

  afs::FileSystem& filesystem() const { return *filesystem_; }

  /// Runs a request, and repeats it while another attempt may succeed.
  template <typename Request>
  auto run(std::string_view uri, Request request)
      -> Result<typename decltype(request())::ValueType> {
    auto wait = kFirstWait;
    for (int attempt = 1;; ++attempt) {
      auto answer = request();
      if (answer.ok()) {
        reached_ = true;
        return std::move(answer).ValueUnsafe();
      }
      const ErrorCode code = code_of(answer.status());
      if (code == ErrorCode::kNotFound) reached_ = true;
      const int attempts = anonymous_ && !reached_ ? 1 : kMaxAttempts;
      if (code != ErrorCode::kUnavailable || attempt >= attempts)
        return error(uri, answer.status());
      std::this_thread::sleep_for(wait);
      wait *= 2;
    }
  }

  /// Makes the error of a failed request. Without credentials, it explains how to log in.
  std::unexpected<Error> error(std::string_view uri, const arrow::Status& status) const {
    const ErrorCode code = code_of(status);
    if (!anonymous_ || reached_ || code == ErrorCode::kNotFound) return failed(uri, status);
    return fail(ErrorCode::kInvalidArgument, "{}: {} without credentials, and there are none. {}",
                uri, code == ErrorCode::kUnavailable ? "cannot be reached" : "cannot be accessed",
                login_hint(provider_));
  }

 private:
  std::shared_ptr<afs::FileSystem> filesystem_;
  Provider provider_;
  bool anonymous_;
  std::atomic<bool> reached_ = false;  ///< The provider has answered a request.
};

/// Reads ahead: little at first and after a jump, twice as much with each sequential request.
class BucketReader final : public Reader {
 public:
  BucketReader(std::shared_ptr<Connection> connection, std::string uri,
               std::shared_ptr<arrow::io::RandomAccessFile> file, int64_t size)
      : connection_(std::move(connection)),
        uri_(std::move(uri)),
        file_(std::move(file)),
        size_(size) {}

  int64_t size() const override { return size_; }
  size_t request_size() const override { return 64 << 10; }

  Result<size_t> read_at(int64_t offset, std::span<std::byte> into) override {
    size_t done = 0;
    while (done < into.size() && offset + static_cast<int64_t>(done) < size_) {
      const int64_t at = offset + static_cast<int64_t>(done);
      const Fetched& fetched = *LIDO_TRY(fetch(at));
      const auto skip = static_cast<size_t>(at - fetched.offset);
      const size_t count = std::min(into.size() - done, fetched.bytes.size() - skip);
      std::memcpy(into.data() + done, fetched.bytes.data() + skip, count);
      done += count;
    }
    return done;
  }

 private:
  static constexpr int64_t kMinFetch = 256 << 10;  // bytes
  static constexpr int64_t kMaxFetch = 4 << 20;    // bytes
  static constexpr size_t kMaxKept = 3;            // for the header, the index and the frames

  struct Fetched {
    int64_t offset = 0;
    std::vector<std::byte> bytes;
    int64_t end() const { return offset + std::ssize(bytes); }
  };

  /// Returns fetched bytes that include the byte at `at`.
  Result<const Fetched*> fetch(int64_t at) {
    for (auto kept = kept_.begin(); kept != kept_.end(); ++kept) {
      if (at < kept->offset || at >= kept->end()) continue;
      kept_.splice(kept_.begin(), kept_, kept);
      return &kept_.front();
    }
    const bool in_order = !kept_.empty() && at == kept_.front().end();
    next_ = in_order ? std::min(2 * next_, kMaxFetch) : kMinFetch;
    Fetched fetched{at, std::vector<std::byte>(static_cast<size_t>(std::min(next_, size_ - at)))};
    const int64_t count = LIDO_TRY(connection_->run(
        uri_, [&] { return file_->ReadAt(at, std::ssize(fetched.bytes), fetched.bytes.data()); }));
    if (count == 0)
      return fail(ErrorCode::kUnavailable, "{}: no bytes at {}, want {} in all", uri_, at, size_);
    fetched.bytes.resize(static_cast<size_t>(count));
    kept_.push_front(std::move(fetched));
    if (kept_.size() > kMaxKept) kept_.pop_back();
    return &kept_.front();
  }

  std::shared_ptr<Connection> connection_;
  std::string uri_;
  std::shared_ptr<arrow::io::RandomAccessFile> file_;
  int64_t size_;
  int64_t next_ = kMinFetch;
  std::list<Fetched> kept_;  // most recently used first
};

class BucketWriter final : public Writer {
 public:
  BucketWriter(std::shared_ptr<Connection> connection, std::string uri,
               std::shared_ptr<arrow::io::OutputStream> stream)
      : connection_(std::move(connection)), uri_(std::move(uri)), stream_(std::move(stream)) {}
  ~BucketWriter() override {
    if (!stream_->closed()) (void)stream_->Abort();
  }
  using Writer::append;
  Result<void> append(std::span<const std::byte> bytes) override {
    const auto status = stream_->Write(bytes.data(), static_cast<int64_t>(bytes.size()));
    if (!status.ok()) return connection_->error(uri_, status);
    return {};
  }
  Result<void> commit() override {
    const auto status = stream_->Close();
    if (!status.ok()) return connection_->error(uri_, status);
    return {};
  }

 private:
  std::shared_ptr<Connection> connection_;
  std::string uri_;
  std::shared_ptr<arrow::io::OutputStream> stream_;
};

/// Returns the time of an object's last change, ns since 1970; 0 when unknown.
int64_t changed_ns(const afs::FileInfo& info) {
  return info.mtime() == afs::kNoTime ? 0 : info.mtime().time_since_epoch().count();
}

class Bucket final : public Store {
 public:
  Bucket(std::string uri, std::shared_ptr<Connection> connection)
      : uri_(std::move(uri)), scheme_(uri_.substr(0, 5)), connection_(std::move(connection)) {}

  const std::string& uri() const override { return uri_; }

  Result<void> visit(std::string_view prefix, const VisitEntry& visit,
                     const VisitRules& /*rules*/) override {
    afs::FileSelector selector;
    selector.base_dir = path_of(prefix);
    selector.recursive = true;
    selector.allow_not_found = true;
    const auto infos = LIDO_TRY(connection_->run(
        uri_of(prefix), [&] { return connection_->filesystem().GetFileInfo(selector); }));
    for (const afs::FileInfo& info : infos) {
      if (info.IsFile())
        LIDO_TRY(visit({.uri = scheme_ + info.path(),
                        .size = info.size(),
                        .modified_ns = changed_ns(info),
                        .file_id = {}}));
    }
    return {};
  }

  Result<void> visit_raw(const VisitEntry& visit) override { return this->visit("", visit, {}); }

  Result<std::unique_ptr<Reader>> open(std::string_view name) override {
    const std::string uri = uri_of(name);
    const auto info = LIDO_TRY(connection_->run(
        uri, [&] { return connection_->filesystem().GetFileInfo(path_of(name)); }));
    if (!info.IsFile()) return fail(ErrorCode::kNotFound, "{}: no such object", uri);
    auto file = LIDO_TRY(
        connection_->run(uri, [&] { return connection_->filesystem().OpenInputFile(info); }));
    return std::make_unique<BucketReader>(connection_, uri, std::move(file), info.size());
  }

  Result<std::unique_ptr<Writer>> create(std::string_view name, Durability) override {
    auto stream = LIDO_TRY(connection_->run(uri_of(name), [&] {
      return connection_->filesystem().OpenOutputStream(path_of(name), nullptr);
    }));
    return std::make_unique<BucketWriter>(connection_, uri_of(name), std::move(stream));
  }

  Result<void> remove(std::string_view name) override {
    const auto status = connection_->filesystem().DeleteFile(path_of(name));
    if (status.ok()) return {};
    auto error = connection_->error(uri_of(name), status);
    if (error.error().code == ErrorCode::kNotFound) return {};
    return error;
  }

  Result<void> remove_all(std::string_view prefix) override {
    const auto remove_entry = [&](const Entry& entry) {
      return remove(std::string_view(entry.uri).substr(uri_.size() + 1));
    };
    return visit(prefix, remove_entry, {});
  }

  Result<std::unique_ptr<Lock>> lock(std::string_view) override { return std::make_unique<Lock>(); }

 private:
  std::string uri_of(std::string_view name) const {
    return name.empty() ? uri_ : fmt::format("{}/{}", uri_, name);
  }
  std::string path_of(std::string_view name) const { return uri_of(name).substr(scheme_.size()); }

  std::string uri_;
  std::string scheme_;  // "gs://" or "s3://"
  std::shared_ptr<Connection> connection_;
};

/// Directs a client to another server, such as "http://127.0.0.1:9000".
template <typename Options>
void set_endpoint(std::string_view url, Options& options) {
  if (const size_t scheme = url.find("://"); scheme != std::string_view::npos) {
    options.scheme = url.substr(0, scheme);
    url.remove_prefix(scheme + 3);
  }
  while (url.ends_with('/')) url.remove_suffix(1);
  options.endpoint_override = url;
}

Result<std::shared_ptr<Connection>> connect_gcs() {
  const char* emulator = std::getenv("CLOUD_STORAGE_EMULATOR_ENDPOINT");
  const bool anonymous = emulator == nullptr && !has_credentials(Provider::kGoogle);
  auto options =
      emulator != nullptr || anonymous ? afs::GcsOptions::Anonymous() : afs::GcsOptions::Defaults();
  if (emulator != nullptr) set_endpoint(emulator, options);
  options.retry_limit_seconds = anonymous ? kAnonymousRetry_s : kRetry_s;
  const auto made = afs::GcsFileSystem::Make(options);
  if (!made.ok()) return failed("gs://", made.status());
  return std::make_shared<Connection>(made.ValueUnsafe(), Provider::kGoogle, anonymous);
}

/// Returns whether a bucket redirects to another region than the default one. Asks once, since the
/// library's own search for the region takes seven seconds where there is no network.
bool in_another_region(afs::S3Options options, const std::string& bucket) {
  options.region = kDefaultRegion;
  const auto made = afs::S3FileSystem::Make(options);
  if (!made.ok()) return false;
  const auto answer = (*made)->GetFileInfo(bucket);
  return !answer.ok() && mentions(answer.status().message(), {"edirect", "REDIRECT", " 301"});
}

Result<std::shared_ptr<Connection>> connect_s3(const std::string& bucket) {
  const auto ready = afs::EnsureS3Initialized();
  if (!ready.ok()) return failed("s3://", ready);
  s3_in_use = true;
  const char* endpoint = std::getenv("AWS_ENDPOINT_URL_S3");
  if (endpoint == nullptr) endpoint = std::getenv("AWS_ENDPOINT_URL");
  const bool anonymous = endpoint == nullptr && !has_credentials(Provider::kAws);
  auto options = anonymous ? afs::S3Options::Anonymous() : afs::S3Options::Defaults();
  options.background_writes = false;
  if (endpoint != nullptr) set_endpoint(endpoint, options);
  if (anonymous) {
    options.connect_timeout = kAnonymousConnect_s;
    options.retry_strategy =
        afs::S3RetryStrategy::GetAwsStandardRetryStrategy(kAnonymousS3Attempts);
  }
  if (const char* region = std::getenv("AWS_REGION")) {
    options.region = region;
  } else if (anonymous && !in_another_region(options, bucket)) {
    options.region = kDefaultRegion;
  } else if (endpoint == nullptr) {
    const auto resolved = afs::ResolveS3BucketRegion(bucket);
    if (resolved.ok()) options.region = *resolved;
  }
  const auto made = afs::S3FileSystem::Make(options);
  if (!made.ok()) return failed("s3://", made.status());
  return std::make_shared<Connection>(made.ValueUnsafe(), Provider::kAws, anonymous);
}

}  // namespace

Result<std::unique_ptr<Store>> open_bucket(std::string uri) {
  const std::string bucket = uri.substr(5, uri.find('/', 5) - 5);
  if (bucket.empty()) {
    return fail(ErrorCode::kInvalidArgument, "{}: no bucket, want {}BUCKET/PREFIX", uri,
                uri.substr(0, 5));
  }
  static std::mutex mutex;
  static std::shared_ptr<Connection> gcs;
  static std::map<std::string, std::shared_ptr<Connection>> s3;  // by bucket, for its region
  const std::lock_guard lock(mutex);
  if (uri.starts_with("gs://")) {
    if (!gcs) gcs = LIDO_TRY(connect_gcs());
    return std::make_unique<Bucket>(std::move(uri), gcs);
  }
  std::shared_ptr<Connection>& connection = s3[bucket];
  if (!connection) connection = LIDO_TRY(connect_s3(bucket));
  return std::make_unique<Bucket>(std::move(uri), connection);
}

void shut_down_buckets() {
  if (s3_in_use.exchange(false)) (void)afs::FinalizeS3();
}

}  // namespace lido::storage
