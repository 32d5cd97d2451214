// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/bucket.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <list>
#include <mutex>
#include <system_error>

#include "lido/base/hash.h"
#include "lido/base/signing.h"
#include "lido/storage/lease.h"
#include "lido/storage/object_api.h"

namespace lido::storage {
namespace {

/// Reads ahead: little at first and after a jump, twice as much with each sequential request. Bytes
/// that the caller asks for at once come with one request.
class BucketReader final : public Reader {
 public:
  BucketReader(std::shared_ptr<ObjectApi> api, std::string name, std::string uri,
               const ObjectState& found)
      : api_(std::move(api)),
        name_(std::move(name)),
        uri_(std::move(uri)),
        version_(found.version),
        size_(found.size) {}

  int64_t size() const override { return size_; }
  size_t request_size() const override { return 64 << 10; }

  Result<size_t> read_at(int64_t offset, std::span<std::byte> into) override {
    size_t done = 0;
    while (done < into.size() && offset + static_cast<int64_t>(done) < size_) {
      const int64_t at = offset + static_cast<int64_t>(done);
      const Fetched& fetched = *LIDO_TRY(fetch(at, std::ssize(into) - static_cast<int64_t>(done)));
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

  /// Returns fetched bytes that include the byte at `at`. @param wanted  Bytes to read from there
  /// on.
  Result<const Fetched*> fetch(int64_t at, int64_t wanted) {
    for (auto kept = kept_.begin(); kept != kept_.end(); ++kept) {
      if (at < kept->offset || at >= kept->end()) continue;
      kept_.splice(kept_.begin(), kept_, kept);
      return &kept_.front();
    }
    const bool in_order = !kept_.empty() && at == kept_.front().end();
    next_ = in_order ? std::min(2 * next_, kMaxFetch) : kMinFetch;
    const int64_t bytes = std::clamp(wanted, next_, kMaxFetch);
    Fetched fetched{at, std::vector<std::byte>(static_cast<size_t>(std::min(bytes, size_ - at)))};
    const size_t count = LIDO_TRY(api_->read(name_, version_, at, fetched.bytes));
    if (count == 0)
      return fail(ErrorCode::kUnavailable, "{}: no bytes at {}, want {} in all", uri_, at, size_);
    fetched.bytes.resize(count);
    kept_.push_front(std::move(fetched));
    if (kept_.size() > kMaxKept) kept_.pop_back();
    return &kept_.front();
  }

  std::shared_ptr<ObjectApi> api_;
  std::string name_;
  std::string uri_;
  std::string version_;  // all reads are of this one
  int64_t size_;
  int64_t next_ = kMinFetch;
  std::list<Fetched> kept_;  // most recently used first
};

/// The store's lease, while it is held.
class HeldLease {
 public:
  void set(const std::shared_ptr<Lease>& lease) {
    const std::lock_guard lock(mutex_);
    lease_ = lease;
  }
  /// @return kUnavailable when there is a lease and it may be lost.
  Result<void> check() {
    const std::lock_guard lock(mutex_);
    const auto lease = lease_.lock();
    return lease ? lease->check() : Result<void>();
  }

 private:
  std::mutex mutex_;
  std::weak_ptr<Lease> lease_;
};

/// The lock that a caller holds.
class BucketLock final : public Lock {
 public:
  explicit BucketLock(std::shared_ptr<Lease> lease) : lease_(std::move(lease)) {}
  Result<void> check() override { return lease_->check(); }

 private:
  std::shared_ptr<Lease> lease_;
};

/// Opens a file without a name in the folder for temporary files.
Result<int> open_temporary() {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (error)
    return fail(ErrorCode::kUnavailable, "TMPDIR: no folder for temporary files: {}",
                error.message());
  int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0) return file;
  std::string path = folder / "lido-upload-XXXXXX";  // some filesystems have no nameless files
  file = ::mkostemp(path.data(), O_CLOEXEC);
  if (file < 0)
    return fail(ErrorCode::kUnavailable, "{}: no temporary file: {}", folder.string(),
                std::generic_category().message(errno));
  ::unlink(path.c_str());
  return file;
}

/// Collects an object in memory, from kMaxInMemory on in a temporary file, and sends it when it is
/// committed: an abandoned writer leaves nothing in the bucket.
class BucketWriter final : public Writer {
 public:
  BucketWriter(std::shared_ptr<ObjectApi> api, std::string name, std::string uri,
               std::shared_ptr<HeldLease> lease)
      : api_(std::move(api)),
        name_(std::move(name)),
        uri_(std::move(uri)),
        lease_(std::move(lease)) {}
  ~BucketWriter() override {
    if (upload_.file >= 0) ::close(upload_.file);
  }

  using Writer::append;
  Result<void> append(std::span<const std::byte> bytes) override {
    if (api_->checksum() == Checksum::kMd5)
      md5_.update(bytes);
    else
      sha256_.update(bytes);
    upload_.text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (upload_.text.size() < kMaxInMemory) return {};
    return move_to_file();
  }

  Result<void> commit() override {
    if (upload_.file >= 0) LIDO_TRY(move_to_file());
    if (api_->checksum() == Checksum::kMd5)
      upload_.md5 = md5_.bytes();
    else
      upload_.sha256 = sha256_.hex();
    LIDO_TRY(lease_->check());
    LIDO_TRY(api_->put(name_, upload_, {}));
    return {};
  }

 private:
  static constexpr size_t kMaxInMemory = size_t{8} << 20;  // bytes

  Result<void> move_to_file() {
    if (upload_.file < 0) upload_.file = LIDO_TRY(open_temporary());
    for (std::string_view rest = upload_.text; !rest.empty();) {
      const ssize_t count = ::write(upload_.file, rest.data(), rest.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0)
        return fail(ErrorCode::kUnavailable,
                    "{}: cannot be kept in a temporary file: {}. Set TMPDIR.", uri_,
                    std::generic_category().message(errno));
      rest.remove_prefix(static_cast<size_t>(count));
    }
    upload_.file_bytes += std::ssize(upload_.text);
    upload_.text.clear();
    return {};
  }

  std::shared_ptr<ObjectApi> api_;
  std::string name_;
  std::string uri_;
  std::shared_ptr<HeldLease> lease_;
  Upload upload_;
  Sha256 sha256_;
  Md5 md5_;
};

class Bucket final : public Store {
 public:
  Bucket(std::string uri, std::shared_ptr<ObjectApi> api)
      : uri_(std::move(uri)), api_(std::move(api)) {
    const size_t slash = uri_.find('/', 5);
    bucket_ = uri_.substr(0, slash);
    prefix_ = slash == std::string::npos ? "" : uri_.substr(slash + 1) + "/";
  }

  const std::string& uri() const override { return uri_; }

  Result<void> visit(std::string_view prefix, const VisitEntry& visit,
                     const VisitRules& /*rules*/) override {
    if (!prefix.empty()) LIDO_TRY(check_name(uri_, prefix));
    const std::string folder = prefix.empty() ? prefix_ : name_of(prefix) + "/";
    return api_->list(folder, [&](const ListedObject& found) -> Result<void> {
      if (found.name.ends_with('/')) return {};  // a folder, as some programs make them
      return visit({.uri = bucket_ + "/" + found.name,
                    .size = found.size,
                    .modified_ns = found.modified_ns,
                    .file_id = {}});
    });
  }

  Result<void> visit_raw(const VisitEntry& visit) override { return this->visit("", visit, {}); }

  Result<std::unique_ptr<Reader>> open(std::string_view name) override {
    LIDO_TRY(check_name(uri_, name));
    const ObjectState found = LIDO_TRY(api_->state(name_of(name)));
    return std::make_unique<BucketReader>(api_, name_of(name), uri_of(name), found);
  }

  Result<std::unique_ptr<Writer>> create(std::string_view name, Durability) override {
    LIDO_TRY(check_name(uri_, name));
    return std::make_unique<BucketWriter>(api_, name_of(name), uri_of(name), lease_);
  }

  Result<Created> create_new(std::string_view name, std::string_view text) override {
    LIDO_TRY(check_name(uri_, name));
    LIDO_TRY(lease_->check());
    const auto version = LIDO_TRY(
        api_->put(name_of(name), Upload::of(std::string(text)), {WriteIf::State::kMissing}));
    return version ? Created::kNew : Created::kExists;
  }

  Result<void> remove(std::string_view name) override {
    return remove_each(std::array{std::string(name)});
  }

  Result<void> remove_each(std::span<const std::string> names) override {
    std::vector<std::string> batch;
    for (const std::string& name : names) {
      LIDO_TRY(check_name(uri_, name));
      batch.push_back(name_of(name));
    }
    return remove_objects(batch);
  }

  Result<void> remove_all(std::string_view prefix) override {
    std::vector<std::string> batch;
    const size_t skipped = bucket_.size() + 1;
    LIDO_TRY(visit(prefix,
                   [&](const Entry& entry) -> Result<void> {
                     batch.push_back(entry.uri.substr(skipped));
                     return {};
                   },
                   {}));
    return remove_objects(batch);
  }

  using Store::lock;
  Result<std::unique_ptr<Lock>> lock(std::string_view name,
                                     std::chrono::milliseconds wait) override {
    LIDO_TRY(open(name));  // a missing object is not found
    std::shared_ptr<Lease> lease =
        LIDO_TRY(Lease::acquire(api_, name_of(name) + ".lease", uri_, wait));
    lease_->set(lease);
    return std::make_unique<BucketLock>(std::move(lease));
  }

 private:
  std::string uri_of(std::string_view name) const { return fmt::format("{}/{}", uri_, name); }
  std::string name_of(std::string_view name) const { return prefix_ + std::string(name); }

  Result<void> remove_objects(std::span<const std::string> names) {
    for (size_t at = 0; at < names.size(); at += api_->batch_size()) {
      LIDO_TRY(lease_->check());
      LIDO_TRY(api_->remove(names.subspan(at, std::min(api_->batch_size(), names.size() - at))));
    }
    return {};
  }

  std::string uri_;
  std::string bucket_;  // "gs://pool-a"
  std::string prefix_;  // start of the names in the bucket: "train/", or ""
  std::shared_ptr<ObjectApi> api_;
  std::shared_ptr<HeldLease> lease_ = std::make_shared<HeldLease>();
};

}  // namespace

Result<std::unique_ptr<Store>> open_bucket(std::string uri) {
  const std::string bucket = uri.substr(5, uri.find('/', 5) - 5);
  if (bucket.empty()) {
    return fail(ErrorCode::kInvalidArgument, "{}: no bucket, want {}BUCKET/PREFIX", uri,
                uri.substr(0, 5));
  }
  auto api = LIDO_TRY(uri.starts_with("gs://") ? open_gcs(bucket) : open_s3(bucket));
  return std::make_unique<Bucket>(std::move(uri), std::move(api));
}

void shut_down_buckets() { shut_down_s3(); }

}  // namespace lido::storage
