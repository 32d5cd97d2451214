// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/disk.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "lido/storage/disk_listing.h"

namespace lido::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartialSuffix = ".partial";

std::unexpected<Error> failed(std::string_view what, const std::string& path, int error) {
  const ErrorCode code = error == ENOENT || error == ENOTDIR ? ErrorCode::kNotFound
                         : error == EACCES || error == EISDIR || error == EROFS
                             ? ErrorCode::kInvalidArgument
                             : ErrorCode::kUnavailable;
  return fail(code, "{}: cannot {}: {}", path, what, std::generic_category().message(error));
}

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }
  int close() {
    const int result = descriptor_ >= 0 ? ::close(descriptor_) : 0;
    descriptor_ = -1;
    return result;
  }

 private:
  int descriptor_;
};

class DiskReader final : public Reader {
 public:
  DiskReader(std::string path, int descriptor, int64_t size)
      : path_(std::move(path)), file_(descriptor), size_(size) {}

  int64_t size() const override { return size_; }
  size_t request_size() const override { return 64 << 10; }

  Result<size_t> read_at(int64_t offset, std::span<std::byte> into) override {
    if (offset < 0 || offset >= size_) return 0;
    size_t done = 0;
    while (done < into.size()) {
      const ssize_t count = ::pread(file_.get(), into.data() + done, into.size() - done,
                                    offset + static_cast<int64_t>(done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failed("read", path_, errno);
      if (count == 0) break;
      done += static_cast<size_t>(count);
    }
    return done;
  }

 private:
  std::string path_;
  File file_;
  int64_t size_;
};

class DiskWriter final : public Writer {
 public:
  DiskWriter(fs::path path, fs::path partial, int descriptor, Durability durability)
      : path_(std::move(path)),
        partial_(std::move(partial)),
        file_(descriptor),
        durability_(durability) {
    buffer_.reserve(kBuffer);
  }
  ~DiskWriter() override {
    if (!published_) ::unlink(partial_.c_str());
  }

  using Writer::append;
  Result<void> append(std::span<const std::byte> bytes) override {
    if (buffer_.size() + bytes.size() > kBuffer) LIDO_TRY(write_out(buffer_));
    if (bytes.size() > kBuffer) return write_out(bytes);
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return {};
  }

  Result<void> commit() override {
    LIDO_TRY(write_out(buffer_));
    if (durability_ == Durability::kPower && ::fsync(file_.get()) != 0) {
      return failed("write", path_, errno);
    }
    if (file_.close() != 0) return failed("write", path_, errno);
    if (::rename(partial_.c_str(), path_.c_str()) != 0) return failed("publish", path_, errno);
    published_ = true;
    if (durability_ == Durability::kPower) {
      const File folder(::open(path_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (folder.get() >= 0) ::fsync(folder.get());
    }
    return {};
  }

 private:
  static constexpr size_t kBuffer = 1 << 20;

  Result<void> write_out(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failed("write", path_, errno);
      bytes = bytes.subspan(static_cast<size_t>(count));
    }
    buffer_.clear();
    return {};
  }

  fs::path path_;
  fs::path partial_;
  File file_;
  Durability durability_;
  std::vector<std::byte> buffer_;
  bool published_ = false;
};

class DiskLock final : public Lock {
 public:
  explicit DiskLock(int descriptor) : file_(descriptor) {}

 private:
  File file_;
};

class Disk final : public Store {
 public:
  explicit Disk(std::string folder) : folder_(std::move(folder)) {}

  const std::string& uri() const override { return folder_; }

  Result<void> visit(std::string_view prefix, const VisitEntry& visit,
                     const VisitRules& rules) override {
    return visit_folder(path_of(prefix), kPartialSuffix, visit, rules);
  }

  Result<void> visit_raw(const VisitEntry& visit) override {
    std::error_code error;
    fs::recursive_directory_iterator walk(folder_, error);
    for (const fs::recursive_directory_iterator end; !error && walk != end; walk.increment(error)) {
      struct stat status{};
      if (::lstat(walk->path().c_str(), &status) != 0 || S_ISDIR(status.st_mode)) continue;
      LIDO_TRY(visit(entry_of(walk->path().string(), status)));
    }
    if (error) return failed("list", folder_, error.value());
    return {};
  }

  Result<std::unique_ptr<Reader>> open(std::string_view name) override {
    const std::string path = path_of(name);
    // Opening a pipe waits for its writer, so the file's type is looked up first.
    LIDO_TRY(find_file(path));
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return failed("open", path, errno);
    struct stat status{};
    ::fstat(descriptor, &status);
    return std::make_unique<DiskReader>(path, descriptor, status.st_size);
  }

  Result<std::unique_ptr<Writer>> create(std::string_view name, Durability durability) override {
    const fs::path path = path_of(name);
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    if (error) return failed("make folder", path.parent_path(), error.value());
    const fs::path partial =
        path.parent_path() / fmt::format(".{}{}", path.filename().string(), kPartialSuffix);
    const int descriptor = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor < 0) return failed("write", partial, errno);
    return std::make_unique<DiskWriter>(path, partial, descriptor, durability);
  }

  Result<void> remove(std::string_view name) override {
    const std::string path = path_of(name);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("remove", path, errno);
    return {};
  }

  Result<void> remove_all(std::string_view prefix) override {
    std::error_code error;
    fs::remove_all(path_of(prefix), error);
    if (error) return failed("remove", path_of(prefix), error.value());
    return {};
  }

  Result<std::unique_ptr<Lock>> lock(std::string_view name) override {
    const std::string path = path_of(name);
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return failed("lock", path, errno);
    auto held = std::make_unique<DiskLock>(descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      return fail(ErrorCode::kUnavailable,
                  "{}: another process is writing here. Wait for it, or stop it.", folder_);
    }
    return held;
  }

 private:
  std::string path_of(std::string_view name) const {
    if (name.empty()) return folder_;
    return folder_ == "/" ? fmt::format("/{}", name) : fmt::format("{}/{}", folder_, name);
  }
  std::string folder_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_disk(std::string folder) {
  return std::make_unique<Disk>(std::move(folder));
}

}  // namespace lido::storage
