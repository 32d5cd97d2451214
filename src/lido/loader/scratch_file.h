// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "lido/base/result.h"

namespace lido::loader {

/// A file without a name in TMPDIR, which ends with its process: appended first, then read.
/// Appending is for one thread, reading is thread-safe.
class ScratchFile {
 public:
  /// @return kUnavailable when TMPDIR takes no file.
  static Result<ScratchFile> create();
  ScratchFile(ScratchFile&& other) noexcept;
  ScratchFile& operator=(ScratchFile&& other) noexcept;
  ~ScratchFile();

  /// Appends bytes. @return kUnavailable when the disk is full.
  Result<void> append(std::span<const std::byte> bytes);
  /// Number of bytes appended.
  int64_t size() const { return size_; }
  /// Writes what append() still holds. Call before reading.
  Result<void> flush();
  /// Reads bytes that were appended. @return kUnavailable when the disk fails.
  Result<void> read_at(int64_t offset, std::span<std::byte> into) const;
  /// Calls `work` with the whole file as memory that can be changed; the kernel may write pages of
  /// it back to the disk. @return kUnavailable when it cannot be mapped.
  Result<void> with_memory(const std::function<void(std::span<std::byte>)>& work);

 private:
  explicit ScratchFile(int file) : file_(file) {}

  int file_;
  int64_t size_ = 0;
  std::string held_;  // appended and not yet written
};

}  // namespace lido::loader
