// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace lido::infer {

/// A new folder that is removed, with all in it, at the end of this object's life.
class TemporaryFolder {
 public:
  /// Creates the folder inside `parent`, on whose disk a finished bundle can then be renamed.
  explicit TemporaryFolder(const std::filesystem::path& parent) {
    std::string pattern = parent / ".fetch-XXXXXX";
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  /// Absolute where `parent` was; empty when the folder could not be created.
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace lido::infer
