// SPDX-License-Identifier: Apache-2.0
#include "lido/loader/scratch_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace lido::loader {
namespace {

constexpr size_t kHeldBytes = 1 << 20;

std::unexpected<Error> scratch_error(const char* what, int code) {
  return fail(ErrorCode::kUnavailable, "TMPDIR: {} the loader's table of samples failed: {}", what,
              std::generic_category().message(code));
}

}  // namespace

Result<ScratchFile> ScratchFile::create() {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (error) return scratch_error("finding a folder for", error.value());
  int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0) return ScratchFile(file);
  std::string path = folder / "lido-loader-XXXXXX";  // some filesystems have no nameless files
  file = ::mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) return scratch_error("creating", errno);
  ::unlink(path.c_str());
  return ScratchFile(file);
}

ScratchFile::ScratchFile(ScratchFile&& other) noexcept
    : file_(std::exchange(other.file_, -1)), size_(other.size_), held_(std::move(other.held_)) {}

ScratchFile& ScratchFile::operator=(ScratchFile&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(size_, other.size_);
  std::swap(held_, other.held_);
  return *this;
}

ScratchFile::~ScratchFile() {
  if (file_ >= 0) ::close(file_);
}

Result<void> ScratchFile::append(std::span<const std::byte> bytes) {
  held_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  size_ += std::ssize(bytes);
  return held_.size() >= kHeldBytes ? flush() : Result<void>();
}

Result<void> ScratchFile::flush() {
  for (size_t done = 0; done < held_.size();) {
    const ssize_t count = ::write(file_, held_.data() + done, held_.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return scratch_error("writing", errno);
    done += static_cast<size_t>(count);
  }
  held_.clear();
  return {};
}

Result<void> ScratchFile::read_at(int64_t offset, std::span<std::byte> into) const {
  for (size_t done = 0; done < into.size();) {
    const ssize_t count =
        ::pread(file_, into.data() + done, into.size() - done, offset + static_cast<int64_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return scratch_error("reading", count < 0 ? errno : EIO);
    done += static_cast<size_t>(count);
  }
  return {};
}

Result<void> ScratchFile::with_memory(const std::function<void(std::span<std::byte>)>& work) {
  LIDO_TRY(flush());
  if (size_ == 0) return {};
  const auto size = static_cast<size_t>(size_);
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
  if (memory == MAP_FAILED) return scratch_error("mapping", errno);
  work({static_cast<std::byte*>(memory), size});
  ::munmap(memory, size);
  return {};
}

}  // namespace lido::loader
