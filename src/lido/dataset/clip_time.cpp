// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/clip_time.h"

#include <cmath>

#include "lido/dataset/csv.h"

namespace lido::dataset {
namespace {

/// Parses "12.5", "1:02.5" or "1:00:00" as seconds.
Result<double> parse_clock(std::string_view text) {
  constexpr int kMaxParts = 3;  // h:mm:ss
  double seconds = 0;
  std::string_view rest = text;
  for (int parts = 1;; ++parts) {
    const size_t colon = rest.find(':');
    const auto part = parse_number(rest.substr(0, colon));
    if (!part || *part < 0 || parts > kMaxParts)
      return fail(ErrorCode::kInvalidArgument, "{} is not a time, want seconds or h:mm:ss",
                  in_quotes(text));
    seconds = seconds * 60 + *part;
    if (colon == std::string_view::npos) return seconds;
    rest.remove_prefix(colon + 1);
  }
}

}  // namespace

Result<TimeRange> parse_time_range(std::string_view text) {
  if (text == "all") return TimeRange{0, INFINITY};
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos)
    return fail(ErrorCode::kInvalidArgument,
                "got {}, want START-END in seconds or h:mm:ss, START- or all", in_quotes(text));
  TimeRange range{LIDO_TRY(parse_clock(text.substr(0, dash))), INFINITY};
  const std::string_view end = text.substr(dash + 1);
  if (!end.empty()) range.end_s = LIDO_TRY(parse_clock(end));
  return range;
}

double clip_end_s(double duration_s, double source_fps) {
  return duration_s + (source_fps > 0 ? 1 / source_fps : 0);
}

std::string clock_text(double seconds) {
  constexpr double kRounding_s = 0.5e-3;  // 13.96 + 0.04 is 14
  const double whole = std::floor(seconds + kRounding_s);
  const double hours = std::floor(whole / 3600);
  const int rest = static_cast<int>(std::fmod(whole, 3600));
  std::string text = hours > 0 ? fmt::format("{:.0f}:{:02}:{:02}", hours, rest / 60, rest % 60)
                               : fmt::format("{}:{:02}", rest / 60, rest % 60);
  if (const auto thousandths = static_cast<int>(std::lround((seconds - whole) * 1e3));
      thousandths > 0) {
    text += fmt::format(".{:03}", thousandths);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text;
}

std::string range_text(double start_s, double end_s) {
  if (start_s <= 0 && std::isinf(end_s)) return "all of it";
  return fmt::format("{} to {}", clock_text(start_s),
                     std::isinf(end_s) ? "the end" : clock_text(end_s));
}

}  // namespace lido::dataset
