// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/time.h"

#include <chrono>
#include <optional>

#include "lido/dataset/csv.h"

namespace lido::dataset {
namespace {

/// Reads the parts of a time from left to right. Only digits count: no signs, blanks or hexadecimal
/// numbers.
class TimeParser {
 public:
  explicit TimeParser(std::string_view text) : text_(text) {}

  /// Reads a number of exactly `digits` digits from min to max.
  std::optional<int> number(size_t digits, int min, int max) {
    if (text_.size() < digits) return std::nullopt;
    int value = 0;
    for (const char c : text_.substr(0, digits)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = 10 * value + (c - '0');
    }
    if (value < min || value > max) return std::nullopt;
    text_.remove_prefix(digits);
    return value;
  }

  /// Skips one character if it is one of `characters`.
  bool skip(std::string_view characters) {
    if (text_.empty() || !characters.contains(text_.front())) return false;
    text_.remove_prefix(1);
    return true;
  }

  /// Reads the digits of a fraction as microseconds, rounded; no value without a digit.
  std::optional<int64_t> fraction_us() {
    int64_t us = 0, unit = 1'000'000;
    size_t digits = 0;
    bool round_up = false;
    for (; digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9'; ++digits) {
      if (unit == 1) round_up = round_up || (digits == 6 && text_[digits] >= '5');
      if (unit > 1) unit /= 10, us += unit * (text_[digits] - '0');
    }
    text_.remove_prefix(digits);
    if (digits == 0) return std::nullopt;
    return us + (round_up ? 1 : 0);
  }

  bool at_end() const { return text_.empty(); }
  char front() const { return text_.empty() ? '\0' : text_.front(); }

 private:
  std::string_view text_;
};

std::optional<std::chrono::sys_days> parse_day(TimeParser& parser) {
  const auto year = parser.number(4, 0, 9999);
  if (!year || !parser.skip("-")) return std::nullopt;
  const auto month = parser.number(2, 1, 12);
  if (!month || !parser.skip("-")) return std::nullopt;
  const auto day = parser.number(2, 1, 31);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return date;
}

/// Reads "14:03:00" with an optional fraction. @return Microseconds after midnight.
std::optional<int64_t> parse_clock(TimeParser& parser) {
  constexpr int kMaxSecond = 60;  // a leap second
  const auto hour = parser.number(2, 0, 23);
  if (!hour || !parser.skip(":")) return std::nullopt;
  const auto minute = parser.number(2, 0, 59);
  if (!minute || !parser.skip(":")) return std::nullopt;
  const auto second = parser.number(2, 0, kMaxSecond);
  if (!second) return std::nullopt;
  int64_t us = (*hour * 3600 + *minute * 60 + *second) * int64_t{1'000'000};
  if (parser.skip(".")) {
    const auto fraction = parser.fraction_us();
    if (!fraction) return std::nullopt;
    us += *fraction;
  }
  return us;
}

/// Reads "Z", "+02:00", "+0200" or "+02". @return Seconds east of Greenwich.
std::optional<int> parse_zone(TimeParser& parser) {
  constexpr int kMaxHours = 14;  // Kiribati
  if (parser.skip("Zz")) return 0;
  const int sign = parser.front() == '-' ? -1 : 1;
  if (!parser.skip("+-")) return std::nullopt;
  const auto hours = parser.number(2, 0, kMaxHours);
  if (!hours) return std::nullopt;
  if (parser.at_end()) return sign * *hours * 3600;
  parser.skip(":");
  const auto minutes = parser.number(2, 0, *hours == kMaxHours ? 0 : 59);
  if (!minutes) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

std::optional<UtcTime> parse_time(std::string_view text) {
  TimeParser parser(text);
  const auto day = parse_day(parser);
  if (!day || !parser.skip("Tt ")) return std::nullopt;
  const auto clock_us = parse_clock(parser);
  if (!clock_us) return std::nullopt;
  const auto zone_s = parse_zone(parser);
  if (!zone_s || !parser.at_end()) return std::nullopt;
  const int64_t days = day->time_since_epoch().count();
  return UtcTime{(days * 86400 - *zone_s) * 1'000'000 + *clock_us};
}

}  // namespace

Result<UtcTime> parse_utc(std::string_view text) {
  const auto time = parse_time(text);
  if (!time) {
    return fail(ErrorCode::kInvalidArgument,
                "{} is not a time, want one such as 2026-07-01T14:03:00Z or "
                "2026-07-01T16:03:00+02:00",
                in_quotes(text));
  }
  return *time;
}

std::string to_string(const UtcTime& time) {
  using namespace std::chrono;
  const sys_time<microseconds> point{microseconds(time.us)};
  const auto day = floor<days>(point);
  const year_month_day date(day);
  const hh_mm_ss clock(point - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

}  // namespace lido::dataset
