// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/log_reader.h"

#include <algorithm>

namespace lido::cluster {
namespace {

constexpr size_t kAnchorBytes = 1024;

/// Returns a text without the line that is not complete yet.
std::string_view complete_lines(std::string_view text) {
  return text.substr(0, text.rfind('\n') + 1);
}

}  // namespace

std::optional<std::string> LogReader::push(std::string_view tail, bool is_whole) {
  const std::string_view lines = complete_lines(tail);
  if (!has_started_) {
    has_started_ = true;
    if (is_whole) read_bytes_ = 0;
    return read_on(lines);
  }
  if (anchor_.empty()) return read_on(lines);
  const bool is_exact = is_whole && read_bytes_ && lines.size() >= *read_bytes_ &&
                        lines.substr(0, *read_bytes_).ends_with(anchor_);
  if (is_exact) return read_on(lines.substr(*read_bytes_));
  if (const size_t found = lines.rfind(anchor_); found != lines.npos)
    return read_on(lines.substr(found + anchor_.size()));
  if (!is_whole) return std::nullopt;
  // A job that was started again has a new log.
  read_bytes_ = 0;
  anchor_.clear();
  return read_on(lines);
}

std::string LogReader::restart(std::string_view tail) {
  has_started_ = true;
  read_bytes_.reset();
  anchor_.clear();
  return read_on(complete_lines(tail));
}

std::string LogReader::read_on(std::string_view lines) {
  if (read_bytes_) *read_bytes_ += lines.size();
  anchor_ += lines.substr(lines.size() - std::min(lines.size(), kAnchorBytes));
  if (anchor_.size() > kAnchorBytes) anchor_.erase(0, anchor_.size() - kAnchorBytes);
  return std::string(lines);
}

}  // namespace lido::cluster
