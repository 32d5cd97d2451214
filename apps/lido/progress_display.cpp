// SPDX-License-Identifier: Apache-2.0
#include "progress_display.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "lido/base/json_text.h"
#include "text.h"

namespace lido::cli {
namespace {

using Clock = std::chrono::steady_clock;

double share(int64_t part, int64_t whole) {
  return std::clamp(static_cast<double>(part) / static_cast<double>(whole), 0.0, 1.0);
}

/// Share of the spans that an earlier run did.
double share_resumed(const ProgressCounts& counts) {
  return counts.spans_total > 0 ? share(counts.spans_resumed, counts.spans_total) : 0;
}

}  // namespace

std::optional<double> share_done(const ProgressCounts& counts) {
  if (counts.spans_total == 0) return std::nullopt;
  if (counts.spans >= counts.spans_total) return 1;
  const double resumed = share_resumed(counts);
  if (counts.frames_total > 0) {
    const double left = static_cast<double>(counts.frames_total) * (1 - resumed);
    return resumed + (1 - resumed) * share(counts.frames, std::max<int64_t>(1, std::llround(left)));
  }
  if (counts.source_bytes_total > 0) return share(counts.source_bytes, counts.source_bytes_total);
  return share(counts.spans, counts.spans_total);
}

std::optional<double> seconds_left(const ProgressCounts& counts, double elapsed_s) {
  const auto done = share_done(counts);
  const double resumed = share_resumed(counts);
  if (!done || *done <= resumed) return std::nullopt;
  return elapsed_s * (1 - *done) / (*done - resumed);
}

std::string progress_line(const ProgressCounts& counts, double elapsed_s,
                          const std::string& stage) {
  const auto done = share_done(counts);
  if (!done) return stage + " ...";
  std::string line =
      fmt::format("{:.0f}%  {}", std::floor(*done * 100), human_count(counts.frames));
  if (counts.frames_total > 0) line += fmt::format(" of {}", human_count(counts.frames_total));
  line += fmt::format(" frames  {:.0f} frames/s  {:.1f} MB/s",
                      static_cast<double>(counts.frames) / elapsed_s,
                      static_cast<double>(counts.source_bytes) / elapsed_s / 1e6);
  if (counts.rejected > 0) line += fmt::format("  {} rejected", human_count(counts.rejected));
  if (*done >= 1) return line + "  writing shards";
  if (const auto left = seconds_left(counts, elapsed_s)) line += "  ETA " + human_seconds(*left);
  return line;
}

std::string progress_json(const ProgressCounts& counts, double elapsed_s) {
  const double mb = static_cast<double>(counts.source_bytes) / 1e6;
  nlohmann::ordered_json line = {
      {"spans", counts.spans},
      {"of", counts.spans_total},
      {"frames", counts.frames},
      {"frames_per_s", std::round(static_cast<double>(counts.frames) / elapsed_s)},
      {"mb_per_s", std::round(mb / elapsed_s * 10) / 10},
      {"rejected", counts.rejected},
      {"elapsed_s", std::round(elapsed_s)}};
  if (counts.frames_total > 0) line["frames_total"] = counts.frames_total;
  if (const auto done = share_done(counts)) line["percent"] = std::floor(*done * 100);
  if (const auto left = seconds_left(counts, elapsed_s)) line["eta_s"] = std::round(*left);
  return json_text(line);
}

ProgressDisplay::ProgressDisplay(const std::function<ProgressCounts()>& counts,
                                 const std::string& stage, bool quiet)
    : ProgressDisplay([=](double elapsed_s) { return progress_line(counts(), elapsed_s, stage); },
                      [=](double elapsed_s) { return progress_json(counts(), elapsed_s); }, quiet) {
}

ProgressDisplay::ProgressDisplay(Text line, Text json, bool quiet)
    : line_(std::move(line)), json_(std::move(json)), terminal_(isatty(STDERR_FILENO) == 1) {
  if (!quiet) thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
}

ProgressDisplay::~ProgressDisplay() {
  thread_ = {};
  if (drawn_ && terminal_) fmt::print(stderr, "\r\033[K");
}

void ProgressDisplay::loop(const std::stop_token& stop) {
  const auto start = Clock::now();
  const auto period = std::chrono::milliseconds(terminal_ ? 500 : 2000);
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any wake;
  while (!wake.wait_for(lock, stop, period, [&] { return stop.stop_requested(); })) {
    const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    const std::string text = terminal_ ? line_(elapsed) : json_(elapsed);
    if (text.empty()) continue;
    drawn_ = true;
    if (terminal_)
      fmt::print(stderr, "\r\033[K{}", text);
    else
      fmt::print(stderr, "{}\n", text);
  }
}

}  // namespace lido::cli
