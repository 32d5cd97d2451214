// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

#include "lido/base/result.h"

namespace lido {

/// A new folder that is removed, with all in it, at the end of this object's life.
///
/// A lock marks its owner as alive. When the owner is killed, a small process removes a folder of
/// make(), and remove_abandoned_folders() finds what even that one could not. A child that is
/// forked shares the folder: it counts as abandoned when both have ended.
class TemporaryFolder {
 public:
  /// Creates a folder that only this account can read, in the system's folder for temporary files.
  /// @param prefix  Beginning of its name.
  /// @return kUnavailable where none can be created.
  static Result<TemporaryFolder> make(std::string_view prefix);
  /// Creates a folder inside `parent`, on whose disk its files can then be renamed. The folder of a
  /// process that is killed stays.
  static Result<TemporaryFolder> make_in(const std::filesystem::path& parent,
                                         std::string_view prefix);
  ~TemporaryFolder();
  TemporaryFolder(TemporaryFolder&& other) noexcept;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  /// Absolute where the folder around it is.
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
  void start_remover();

  std::filesystem::path path_;     ///< Empty after a move.
  bool is_shared_parent_ = false;  ///< The folder around it is that of all of this account's.
  int lock_ = -1;                  ///< File descriptor.
  int alive_ = -1;                 ///< Pipe whose end is the end of this process.
  int remover_ = 0;                ///< Process that waits for that end; 0 for none.
};

/// Removes folders of make() whose owners have ended without removing them: after a power cut, or
/// a kill of all processes at once. Only those of this account in today's TMPDIR. Thread-safe.
void remove_abandoned_folders();

}  // namespace lido
