// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "lido/base/result.h"

namespace lido {

/// A new folder that is removed, with all in it, at the end of this object's life.
class TemporaryFolder {
 public:
  /// Creates a folder in the system's folder for temporary files.
  /// @param prefix  Beginning of its name.
  /// @return kUnavailable where none can be created.
  static Result<TemporaryFolder> make(std::string_view prefix) {
    std::error_code error;
    const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
    if (error)
      return fail(ErrorCode::kUnavailable, "TMPDIR: no folder for temporary files: {}",
                  error.message());
    return make_in(parent, prefix);
  }
  /// Creates a folder inside `parent`, on whose disk its files can then be renamed.
  static Result<TemporaryFolder> make_in(const std::filesystem::path& parent,
                                         std::string_view prefix) {
    std::string pattern = parent / fmt::format("{}XXXXXX", prefix);
    if (::mkdtemp(pattern.data()) == nullptr)
      return fail(ErrorCode::kUnavailable, "{}: cannot be written to", parent.string());
    return TemporaryFolder(pattern);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  /// Absolute where the folder around it is.
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;  ///< Empty after a move.
};

}  // namespace lido
