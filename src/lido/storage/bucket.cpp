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
#include <list>
#include <mutex>
#include <thread>

namespace lido::storage {
namespace {

namespace afs = arrow::fs;

/// Tries of one request, with waits of 0.2 s, doubling; on top of what the client library retries
/// itself.
constexpr int kTries = 5;
constexpr auto kFirstWait = std::chrono::milliseconds(200);

std::atomic<bool> s3_in_use = false;

std::unexpected<Error> failed(std::string_view uri, const arrow::Status& status) {
  std::string message = status.message();
  std::ranges::replace(message, '\n', ' ');
  if (message.size() > 400) message.resize(400);
  const bool missing = message.find("not found") != std::string::npos ||
                       message.find("does not exist") != std::string::npos ||
                       message.find("NoSuch") != std::string::npos ||
                       message.find("NOT_FOUND") != std::string::npos;
  const bool refused = message.find("ACCESS_DENIED") != std::string::npos ||
                       message.find("PERMISSION_DENIED") != std::string::npos;
  const ErrorCode code = missing                         ? ErrorCode::kNotFound
                         : refused || status.IsInvalid() ? ErrorCode::kInvalidArgument
                                                         : ErrorCode::kUnavailable;
  return fail(code, "{}: {}", uri, message);
}

/// Runs a request again while it fails in a way that may pass.
template <typename Request>
auto with_retries(std::string_view uri, Request request)
    -> Result<typename decltype(request())::ValueType> {
  auto wait = kFirstWait;
  for (int attempt = 1;; ++attempt) {
    auto answer = request();
    if (answer.ok()) return std::move(answer).ValueUnsafe();
    auto error = failed(uri, answer.status());
    if (error.error().code != ErrorCode::kUnavailable || attempt == kTries) return error;
    std::this_thread::sleep_for(wait);
    wait *= 2;
  }
}

/// Fetches ahead: little at first and after a jump, more and more while it is read in order.
class BucketReader final : public Reader {
 public:
  BucketReader(std::string uri, std::shared_ptr<arrow::io::RandomAccessFile> file, int64_t size)
      : uri_(std::move(uri)), file_(std::move(file)), size_(size) {}

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
  static constexpr int64_t kLeast = 256 << 10;
  static constexpr int64_t kMost = 4 << 20;
  static constexpr size_t kKept = 3;  // header, index and where one reads

  struct Fetched {
    int64_t offset = 0;
    std::vector<std::byte> bytes;
    int64_t end() const { return offset + std::ssize(bytes); }
  };

  /// A fetched stretch that holds the byte at `at`.
  Result<const Fetched*> fetch(int64_t at) {
    for (auto kept = kept_.begin(); kept != kept_.end(); ++kept) {
      if (at < kept->offset || at >= kept->end()) continue;
      kept_.splice(kept_.begin(), kept_, kept);
      return &kept_.front();
    }
    const bool in_order = !kept_.empty() && at == kept_.front().end();
    next_ = in_order ? std::min(2 * next_, kMost) : kLeast;
    Fetched fetched{at, std::vector<std::byte>(static_cast<size_t>(std::min(next_, size_ - at)))};
    const int64_t count = LIDO_TRY(with_retries(
        uri_, [&] { return file_->ReadAt(at, std::ssize(fetched.bytes), fetched.bytes.data()); }));
    if (count == 0)
      return fail(ErrorCode::kUnavailable, "{}: no bytes at {} of {}", uri_, at, size_);
    fetched.bytes.resize(static_cast<size_t>(count));
    kept_.push_front(std::move(fetched));
    if (kept_.size() > kKept) kept_.pop_back();
    return &kept_.front();
  }

  std::string uri_;
  std::shared_ptr<arrow::io::RandomAccessFile> file_;
  int64_t size_;
  int64_t next_ = kLeast;
  std::list<Fetched> kept_;  // latest first
};

class BucketWriter final : public Writer {
 public:
  BucketWriter(std::string uri, std::shared_ptr<arrow::io::OutputStream> stream)
      : uri_(std::move(uri)), stream_(std::move(stream)) {}
  ~BucketWriter() override {
    if (!stream_->closed()) (void)stream_->Abort();
  }
  using Writer::append;
  Result<void> append(std::span<const std::byte> bytes) override {
    const auto status = stream_->Write(bytes.data(), static_cast<int64_t>(bytes.size()));
    if (!status.ok()) return failed(uri_, status);
    return {};
  }
  Result<void> commit() override {
    const auto status = stream_->Close();
    if (!status.ok()) return failed(uri_, status);
    return {};
  }

 private:
  std::string uri_;
  std::shared_ptr<arrow::io::OutputStream> stream_;
};

class Bucket final : public Store {
 public:
  Bucket(std::string uri, std::shared_ptr<afs::FileSystem> filesystem)
      : uri_(std::move(uri)), scheme_(uri_.substr(0, 5)), filesystem_(std::move(filesystem)) {}

  const std::string& uri() const override { return uri_; }

  Result<void> visit(std::string_view prefix, const VisitEntry& visit) override {
    afs::FileSelector selector;
    selector.base_dir = path_of(prefix);
    selector.recursive = true;
    selector.allow_not_found = true;
    const auto infos =
        LIDO_TRY(with_retries(uri_of(prefix), [&] { return filesystem_->GetFileInfo(selector); }));
    for (const afs::FileInfo& info : infos) {
      if (info.IsFile()) LIDO_TRY(visit({scheme_ + info.path(), info.size()}));
    }
    return {};
  }

  Result<std::unique_ptr<Reader>> open(std::string_view name) override {
    const std::string uri = uri_of(name);
    const auto info =
        LIDO_TRY(with_retries(uri, [&] { return filesystem_->GetFileInfo(path_of(name)); }));
    if (!info.IsFile()) return fail(ErrorCode::kNotFound, "{}: no such object", uri);
    auto file = LIDO_TRY(with_retries(uri, [&] { return filesystem_->OpenInputFile(info); }));
    return std::make_unique<BucketReader>(uri, std::move(file), info.size());
  }

  Result<std::unique_ptr<Writer>> create(std::string_view name, Durability) override {
    auto stream = LIDO_TRY(with_retries(
        uri_of(name), [&] { return filesystem_->OpenOutputStream(path_of(name), nullptr); }));
    return std::make_unique<BucketWriter>(uri_of(name), std::move(stream));
  }

  Result<void> remove(std::string_view name) override {
    const auto status = filesystem_->DeleteFile(path_of(name));
    if (status.ok()) return {};
    auto error = failed(uri_of(name), status);
    if (error.error().code == ErrorCode::kNotFound) return {};
    return error;
  }

  Result<void> remove_all(std::string_view prefix) override {
    return visit(prefix, [&](const Entry& entry) {
      return remove(std::string_view(entry.uri).substr(uri_.size() + 1));
    });
  }

  Result<std::unique_ptr<Lock>> lock(std::string_view) override { return std::make_unique<Lock>(); }

 private:
  std::string uri_of(std::string_view name) const {
    return name.empty() ? uri_ : fmt::format("{}/{}", uri_, name);
  }
  std::string path_of(std::string_view name) const { return uri_of(name).substr(scheme_.size()); }

  std::string uri_;
  std::string scheme_;  // "gs://" or "s3://"
  std::shared_ptr<afs::FileSystem> filesystem_;
};

/// "http://127.0.0.1:9000" in place of the provider's own servers.
template <typename Options>
void set_endpoint(std::string_view url, Options& options) {
  if (const size_t scheme = url.find("://"); scheme != std::string_view::npos) {
    options.scheme = url.substr(0, scheme);
    url.remove_prefix(scheme + 3);
  }
  while (url.ends_with('/')) url.remove_suffix(1);
  options.endpoint_override = url;
}

Result<std::shared_ptr<afs::FileSystem>> connect_gcs() {
  const char* emulator = std::getenv("CLOUD_STORAGE_EMULATOR_ENDPOINT");
  auto options = emulator != nullptr ? afs::GcsOptions::Anonymous() : afs::GcsOptions::Defaults();
  if (emulator != nullptr) set_endpoint(emulator, options);
  options.retry_limit_seconds = 30;
  const auto made = afs::GcsFileSystem::Make(options);
  if (!made.ok()) return failed("gs://", made.status());
  return made.ValueUnsafe();
}

Result<std::shared_ptr<afs::FileSystem>> connect_s3(const std::string& bucket) {
  const auto ready = afs::EnsureS3Initialized();
  if (!ready.ok()) return failed("s3://", ready);
  s3_in_use = true;
  auto options = afs::S3Options::Defaults();
  options.background_writes = false;
  const char* endpoint = std::getenv("AWS_ENDPOINT_URL_S3");
  if (endpoint == nullptr) endpoint = std::getenv("AWS_ENDPOINT_URL");
  if (endpoint != nullptr) set_endpoint(endpoint, options);
  if (const char* region = std::getenv("AWS_REGION")) {
    options.region = region;
  } else if (endpoint == nullptr) {
    const auto resolved = afs::ResolveS3BucketRegion(bucket);
    if (resolved.ok()) options.region = *resolved;
  }
  const auto made = afs::S3FileSystem::Make(options);
  if (!made.ok()) return failed("s3://", made.status());
  return made.ValueUnsafe();
}

}  // namespace

Result<std::unique_ptr<Store>> open_bucket(std::string uri) {
  const std::string bucket = uri.substr(5, uri.find('/', 5) - 5);
  if (bucket.empty()) {
    return fail(ErrorCode::kInvalidArgument, "{}: no bucket, want gs://BUCKET/PREFIX", uri);
  }
  static std::mutex mutex;
  static std::shared_ptr<afs::FileSystem> gcs;
  static std::vector<std::pair<std::string, std::shared_ptr<afs::FileSystem>>> s3;
  const std::lock_guard lock(mutex);
  if (uri.starts_with("gs://")) {
    if (!gcs) gcs = LIDO_TRY(connect_gcs());
    return std::make_unique<Bucket>(std::move(uri), gcs);
  }
  auto known = std::ranges::find(s3, bucket, [](const auto& entry) { return entry.first; });
  if (known == s3.end()) {
    s3.emplace_back(bucket, LIDO_TRY(connect_s3(bucket)));
    known = s3.end() - 1;
  }
  return std::make_unique<Bucket>(std::move(uri), known->second);
}

void shut_down_buckets() {
  if (s3_in_use.exchange(false)) (void)afs::FinalizeS3();
}

}  // namespace lido::storage
