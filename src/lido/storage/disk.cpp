// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/disk.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

#include "lido/storage/requester.h"

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

bool is_same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// Has the disk confirm the names in a folder.
Result<void> sync_folder(const fs::path& path) {
  const File folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return failed("sync folder", path, errno);
  // Some filesystems have no such call for folders, and keep names by themselves.
  if (::fsync(folder.get()) != 0 && errno != EINVAL && errno != ENOTSUP)
    return failed("sync folder", path, errno);
  return {};
}

/// Makes a folder and those above it, each confirmed by the disk. Thread-safe: a caller that finds
/// the folder knows that it survives a power cut.
Result<void> make_folders(const fs::path& path) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::vector<fs::path> missing;
  std::error_code error;
  for (fs::path at = path; !fs::exists(at, error); at = at.parent_path()) {
    if (error) return failed("make folder", at, error.value());
    missing.push_back(at);
    if (at == at.parent_path()) break;
  }
  for (; !missing.empty(); missing.pop_back()) {
    const fs::path& next = missing.back();
    if (::mkdir(next.c_str(), 0777) != 0 && errno != EEXIST)
      return failed("make folder", next, errno);
    LIDO_TRY(sync_folder(next.parent_path()));
  }
  if (!fs::is_directory(path, error)) return failed("make folder", path, ENOTDIR);
  return {};
}

/// A file that is written aside. Only this process writes it: a process that was killed may still
/// hold another.
struct PartialFile {
  fs::path path;
  int descriptor = -1;
};

/// Opens ".NAME.partial", or ".NAME.1.partial" and so on while other processes write those.
Result<PartialFile> open_partial(const fs::path& path) {
  constexpr int kMaxWriters = 1000;
  for (int number = 0; number < kMaxWriters; ++number) {
    const std::string mark = number == 0 ? "" : fmt::format(".{}", number);
    PartialFile partial{path.parent_path() /
                        fmt::format(".{}{}{}", path.filename().string(), mark, kPartialSuffix)};
    partial.descriptor = ::open(partial.path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (partial.descriptor < 0) return failed("write", partial.path, errno);
    const bool is_taken =
        ::flock(partial.descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    struct stat opened{}, named{};
    const bool is_there = ::fstat(partial.descriptor, &opened) == 0 &&
                          ::stat(partial.path.c_str(), &named) == 0 && is_same(opened, named);
    if (!is_taken && is_there && ::ftruncate(partial.descriptor, 0) == 0) return partial;
    ::close(partial.descriptor);
    if (!is_taken && !is_there) --number;  // renamed by its writer meanwhile
  }
  return failed("write", path, EBUSY);
}

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
  DiskWriter(fs::path path, PartialFile partial, Durability durability)
      : path_(std::move(path)),
        partial_(std::move(partial.path)),
        file_(partial.descriptor),
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
    LIDO_TRY(finish());
    if (::rename(partial_.c_str(), path_.c_str()) != 0) return failed("publish", path_, errno);
    return publish();
  }

  /// Publishes the object unless there is one of that name.
  Result<Created> commit_new() {
    LIDO_TRY(finish());
    int result = ::renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE);
    const bool is_unknown = result != 0 && (errno == EINVAL || errno == ENOSYS);
    if (is_unknown) result = ::link(partial_.c_str(), path_.c_str());
    if (result != 0 && errno == EEXIST) return Created::kExists;
    if (result != 0) return failed("publish", path_, errno);
    if (is_unknown) ::unlink(partial_.c_str());
    LIDO_TRY(publish());
    return Created::kNew;
  }

 private:
  static constexpr size_t kBuffer = 1 << 20;

  /// Writes what is left. The file stays open, and locked, until it has its name.
  Result<void> finish() {
    LIDO_TRY(write_out(buffer_));
    if (durability_ == Durability::kPower && ::fsync(file_.get()) != 0)
      return failed("write", path_, errno);
    return {};
  }

  Result<void> publish() {
    published_ = true;
    if (file_.close() != 0) return failed("write", path_, errno);
    if (durability_ == Durability::kPower) return sync_folder(path_.parent_path());
    return {};
  }

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
    if (!prefix.empty()) LIDO_TRY(check_name(folder_, prefix));
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
    LIDO_TRY(check_name(folder_, name));
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
    return LIDO_TRY(begin(name, durability));
  }

  Result<Created> create_new(std::string_view name, std::string_view text) override {
    const auto writer = LIDO_TRY(begin(name, Durability::kPower));
    LIDO_TRY(writer->append(text));
    return writer->commit_new();
  }

  Result<void> remove(std::string_view name) override {
    LIDO_TRY(check_name(folder_, name));
    const fs::path path = path_of(name);
    if (::unlink(path.c_str()) == 0) return sync_folder(path.parent_path());
    return errno == ENOENT ? Result<void>() : failed("remove", path, errno);
  }

  Result<void> remove_each(std::span<const std::string> names) override {
    std::set<fs::path> changed;
    for (const std::string& name : names) {
      LIDO_TRY(check_name(folder_, name));
      const fs::path path = path_of(name);
      if (::unlink(path.c_str()) == 0)
        changed.insert(path.parent_path());
      else if (errno != ENOENT)
        return failed("remove", path, errno);
    }
    for (const fs::path& folder : changed) LIDO_TRY(sync_folder(folder));
    return {};
  }

  Result<void> remove_all(std::string_view prefix) override {
    if (!prefix.empty()) LIDO_TRY(check_name(folder_, prefix));
    const fs::path path = path_of(prefix);
    std::error_code error;
    const auto removed = fs::remove_all(path, error);
    if (error) return failed("remove", path, error.value());
    return removed > 0 ? sync_folder(path.parent_path()) : Result<void>();
  }

  using Store::lock;
  Result<std::unique_ptr<Lock>> lock(std::string_view name,
                                     std::chrono::milliseconds wait) override {
    LIDO_TRY(check_name(folder_, name));
    const std::string path = path_of(name);
    const auto end = std::chrono::steady_clock::now() + wait;
    for (bool is_waiting = false;; is_waiting = true) {
      const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
      if (descriptor < 0) return failed("lock", path, errno);
      auto held = std::make_unique<DiskLock>(descriptor);
      const bool is_locked = ::flock(descriptor, LOCK_EX | LOCK_NB) == 0;
      if (!is_locked && errno != EWOULDBLOCK) return failed("lock", path, errno);
      struct stat opened{}, named{};
      ::fstat(descriptor, &opened);
      // A lock on a file that lost its name keeps no other process out.
      if (is_locked && ::stat(path.c_str(), &named) == 0 && is_same(opened, named)) return held;
      if (requests_stop().stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
      if (std::chrono::steady_clock::now() >= end)
        return fail(ErrorCode::kUnavailable,
                    "{}: another process is writing here. Wait for it, or stop it.", folder_);
      if (!is_waiting && !is_locked)
        fmt::print(stderr, "lido: note: {}: another process is writing here; waiting up to {} s\n",
                   folder_, std::chrono::ceil<std::chrono::seconds>(wait).count());
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

 private:
  Result<std::unique_ptr<DiskWriter>> begin(std::string_view name, Durability durability) {
    LIDO_TRY(check_name(folder_, name));
    const fs::path path = path_of(name);
    LIDO_TRY(make_folders(path.parent_path()));
    return std::make_unique<DiskWriter>(path, LIDO_TRY(open_partial(path)), durability);
  }

  std::string path_of(std::string_view name) const {
    if (name.empty()) return folder_;
    return folder_ == "/" ? fmt::format("/{}", name) : fmt::format("{}/{}", folder_, name);
  }
  std::string folder_;
};

}  // namespace

Result<void> remove_unfinished(const std::string& folder) {
  std::error_code error;
  std::vector<fs::path> found;
  fs::recursive_directory_iterator walk(folder, error);
  for (const fs::recursive_directory_iterator end; !error && walk != end; walk.increment(error)) {
    if (walk->path().native().ends_with(kPartialSuffix)) found.push_back(walk->path());
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return failed("list", folder, error.value());
  for (const fs::path& path : found) {
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file.get() < 0 || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) continue;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("remove", path, errno);
  }
  return {};
}

Result<std::unique_ptr<Store>> open_disk(std::string folder) {
  return std::make_unique<Disk>(std::move(folder));
}

}  // namespace lido::storage
