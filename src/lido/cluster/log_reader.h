// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lido::cluster {

/// Reads a log that grows from its ends, so that a long log is not fetched again and again.
///
/// Recognises where it stopped by the last 1 KiB that it read: lines that only repeat those 1 KiB
/// exactly can be skipped. Not thread-safe.
class LogReader {
 public:
  /// Takes the end of the log.
  /// @param tail  Last lines of the log.
  /// @param is_whole  Whether `tail` begins where the log begins.
  /// @return The complete lines after those of the last call; empty when `tail` does not reach back
  ///         to them. The first call returns all complete lines.
  std::optional<std::string> push(std::string_view tail, bool is_whole);

  /// Takes the end of the log after a gap: returns its complete lines, and reads on from there.
  std::string restart(std::string_view tail);

 private:
  std::string read_on(std::string_view lines);

  bool has_started_ = false;
  std::string anchor_;                ///< Last bytes that were read, at most 1 KiB.
  std::optional<size_t> read_bytes_;  ///< Bytes read since the log's beginning; empty when unknown.
};

}  // namespace lido::cluster
