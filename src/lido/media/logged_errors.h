// SPDX-License-Identifier: Apache-2.0
// Private to this room: shows FFmpeg types.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

struct AVFormatContext;

namespace lido::media {

/// Notes the errors that FFmpeg logs about one file on this thread, while this object exists. At
/// most one exists on a thread at a time.
class LoggedErrors {
 public:
  /// @param file  Must outlive this object.
  explicit LoggedErrors(const AVFormatContext& file);
  ~LoggedErrors();
  LoggedErrors(const LoggedErrors&) = delete;
  LoggedErrors& operator=(const LoggedErrors&) = delete;

  /// Returns where in the file FFmpeg read when it logged each error, bytes; those after the first
  /// few thousand are left out.
  std::span<const int64_t> positions() const { return positions_; }

 private:
  friend struct ErrorLog;
  const AVFormatContext& file_;
  std::vector<int64_t> positions_;
};

/// Silences FFmpeg's log, and passes its errors to LoggedErrors. Thread-safe.
void redirect_log();

}  // namespace lido::media
