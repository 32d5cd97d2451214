// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/time.h"

#include <chrono>
#include <cmath>
#include <cstdio>

#include "lido/dataset/csv.h"

namespace lido::dataset {

Result<UtcTime> parse_utc(std::string_view text) {
  const std::string copy(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, used = 0;
  double second = 0;
  const int fields = std::sscanf(copy.c_str(), "%4d-%2d-%2d%*1[T ]%2d:%2d:%lf%n", &year, &month,
                                 &day, &hour, &minute, &second, &used);
  const std::string_view zone =
      std::string_view(copy).substr(static_cast<size_t>(fields >= 6 ? used : 0));
  int zone_hours = 0, zone_minutes = 0;
  char sign[2] = "+", rest = 0;
  const bool offset = std::sscanf(std::string(zone).c_str(), "%1[+-]%2d:%2d%c", sign, &zone_hours,
                                  &zone_minutes, &rest) == 3;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (fields != 6 || !date.ok() || hour > 23 || minute > 59 || second < 0 || second >= 61 ||
      (zone != "Z" && !offset)) {
    return fail(ErrorCode::kInvalidArgument,
                "{} is not a time, want one such as 2026-07-01T14:03:00Z", in_quotes(text));
  }
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const int64_t shift = (zone_hours * 60 + zone_minutes) * (sign[0] == '-' ? -60 : 60);
  const int64_t seconds = days * 86400 + hour * 3600 + minute * 60 - (offset ? shift : 0);
  return UtcTime{seconds * 1'000'000 + std::llround(second * 1e6)};
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
