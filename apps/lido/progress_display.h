// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>

namespace lido::cli {

/// How far an ingest is.
struct ProgressCounts {
  int64_t spans = 0;        ///< Done, resumed ones among them.
  int64_t spans_total = 0;  ///< 0 before it is known.
  int64_t spans_resumed = 0;
  int64_t frames = 0;        ///< Extracted by this run.
  int64_t frames_total = 0;  ///< Frames of all spans; 0 where only reading shows it.
  int64_t source_bytes = 0;  ///< Bytes of the clips, in proportion to spans that are done.
  int64_t source_bytes_total = 0;
  int64_t rejected = 0;
};

/// Share of the work that is done, 0 to 1: by frames where their total is known, else by bytes of
/// whole spans. Empty before anything is known.
std::optional<double> share_done(const ProgressCounts& counts);

/// Seconds until the end at the rate so far. Spans that an earlier run did are left out of the
/// rate. Empty before this run has done anything.
std::optional<double> seconds_left(const ProgressCounts& counts, double elapsed_s);

/// "37%  324 of 868 frames  52 frames/s  1.9 MB/s  ETA 11 s".
/// @param stage  Printed while nothing is known, like "starting Ray".
std::string progress_line(const ProgressCounts& counts, double elapsed_s, const std::string& stage);

/// Progress as one JSON object; docs/cli.md lists its keys.
std::string progress_json(const ProgressCounts& counts, double elapsed_s);

/// Shows progress on standard error from a thread of its own: one line that is redrawn on a
/// terminal, a JSON line every two seconds elsewhere.
class ProgressDisplay {
 public:
  /// Returns the progress as a text; empty where there is nothing to show yet. Called from that
  /// thread.
  using Text = std::function<std::string(double elapsed_s)>;

  /// @param line  For a terminal, without a line end.
  /// @param json  For other outputs.
  ProgressDisplay(Text line, Text json, bool quiet);
  /// Shows an ingest: progress_line() and progress_json().
  /// @param counts  Called from that thread.
  ProgressDisplay(const std::function<ProgressCounts()>& counts, const std::string& stage,
                  bool quiet);
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

 private:
  void loop(const std::stop_token& stop);

  Text line_;
  Text json_;
  bool terminal_;
  bool drawn_ = false;
  std::jthread thread_;
};

}  // namespace lido::cli
