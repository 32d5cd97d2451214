// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/site_use.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "lido/geometry/outline.h"

namespace lido::geometry {
namespace {

constexpr std::array<std::string_view, 5> kZoneKinds = {"water", "deck", "deep_end", "toddler_area",
                                                        "exit"};
constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/// Refuses a zone in a place where its kind cannot be.
Result<void> check_zone(const Yaml& node, const Zone& zone, const Pool& pool) {
  // Corners of a zone are often those of the pool, measured another time.
  constexpr double kTolerance_m = 0.1;
  for (const Point corner : zone.outline) {
    const double inside_m = pool.inside_m(corner);
    if (inside_m < -pool.deck_m - kTolerance_m)
      return node["outline"].refuse("corners over the water or on the deck");
    const bool wants_water = zone.kind == ZoneKind::kWater || zone.kind == ZoneKind::kDeepEnd;
    if (wants_water && inside_m < -kTolerance_m)
      return node["outline"].refuse(
          fmt::format("corners over the water, for a zone of kind {}", name_of(zone.kind)));
  }
  return {};
}

Result<Zone> read_zone(const Yaml& node, const Pool& pool) {
  LIDO_TRY(node.check_keys({"name", "kind", "outline"}));
  Zone zone{.name = LIDO_TRY(node["name"].text())};
  if (!is_site_name(zone.name))
    return node["name"].refuse("a name of lower-case letters, digits, _ and -");
  const std::string kind = LIDO_TRY(node["kind"].choice({kZoneKinds.begin(), kZoneKinds.end()}));
  zone.kind = static_cast<ZoneKind>(std::ranges::find(kZoneKinds, kind) - kZoneKinds.begin());
  zone.outline = LIDO_TRY(read_outline(node["outline"], 0.1));
  LIDO_TRY(check_zone(node, zone, pool));
  return zone;
}

/// Minutes of "06:30"; nothing for other text.
std::optional<int> minutes_of(std::string_view text) {
  const auto digit = [&](size_t i) {
    return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : -1;
  };
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const size_t i : {0, 1, 3, 4}) {
    if (digit(i) < 0) return std::nullopt;
  }
  const int hour = 10 * digit(0) + digit(1), minute = 10 * digit(3) + digit(4);
  if (minute > 59 || 60 * hour + minute > 1440) return std::nullopt;
  return 60 * hour + minute;
}

Result<int> read_time(const Yaml& node) {
  const auto minutes = minutes_of(LIDO_TRY(node.text()));
  if (!minutes) return node.refuse("a time of the day in quotes, \"00:00\" to \"24:00\"");
  return *minutes;
}

Result<SwimHours> read_hours(const Yaml& node) {
  LIDO_TRY(node.check_keys({"days", "opens", "closes"}));
  SwimHours hours;
  for (const Yaml& day : LIDO_TRY(node["days"].list())) {
    const std::string name = LIDO_TRY(day.choice({kDays.begin(), kDays.end()}));
    hours.days[static_cast<size_t>(std::ranges::find(kDays, name) - kDays.begin())] = true;
  }
  if (std::ranges::none_of(hours.days, std::identity()))
    return node["days"].refuse("one day or more");
  hours.opens_min = LIDO_TRY(read_time(node["opens"]));
  hours.closes_min = LIDO_TRY(read_time(node["closes"]));
  if (hours.closes_min <= hours.opens_min)
    return node["closes"].refuse("a time later than `opens`; hours past midnight are two entries");
  return hours;
}

/// Day on which two entries overlap.
std::optional<size_t> shared_day(const SwimHours& a, const SwimHours& b) {
  if (a.opens_min >= b.closes_min || b.opens_min >= a.closes_min) return std::nullopt;
  for (size_t day = 0; day < kDays.size(); ++day) {
    if (a.days[day] && b.days[day]) return day;
  }
  return std::nullopt;
}

Result<std::vector<SwimHours>> read_swim_hours(const Yaml& node) {
  std::vector<SwimHours> all;
  for (const Yaml& one : LIDO_TRY(node.list())) {
    const SwimHours hours = LIDO_TRY(read_hours(one));
    for (const SwimHours& other : all) {
      if (const auto day = shared_day(hours, other))
        return one.refuse(
            fmt::format("hours that do not overlap others: they do on {}", kDays[*day]));
    }
    all.push_back(hours);
  }
  return all;
}

std::string clock_text(int minutes) {
  return fmt::format("\"{:02}:{:02}\"", minutes / 60, minutes % 60);
}

bool is_time_zone(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.front() != '/' &&
         text.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+"
             "-/") == std::string_view::npos;
}

}  // namespace

std::string_view name_of(ZoneKind kind) { return kZoneKinds[static_cast<size_t>(kind)]; }

bool is_site_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string_view::npos;
}

Result<SiteUse> read_site_use(const Yaml& root, const Pool& pool) {
  SiteUse use;
  if (const Yaml name = root["name"]; name.has_value()) {
    use.name = LIDO_TRY(name.text());
    if (!is_site_name(use.name))
      return name.refuse("a name of lower-case letters, digits, _ and -");
  }
  if (const Yaml zone = root["time_zone"]; zone.has_value()) {
    use.time_zone = LIDO_TRY(zone.text());
    if (!is_time_zone(use.time_zone))
      return zone.refuse("a name of the IANA database, such as Europe/Berlin");
  }
  if (root["zones"].has_value()) {
    for (const Yaml& node : LIDO_TRY(root["zones"].list())) {
      Zone zone = LIDO_TRY(read_zone(node, pool));
      if (std::ranges::find(use.zones, zone.name, &Zone::name) != use.zones.end())
        return node["name"].refuse("a name that no other zone has");
      use.zones.push_back(std::move(zone));
    }
  }
  if (const Yaml hours = root["swim_hours"]; hours.has_value()) {
    use.swim_hours = LIDO_TRY(read_swim_hours(hours));
    if (use.time_zone.empty() && !use.swim_hours.empty())
      return root["time_zone"].refuse("the time zone of swim_hours, such as Europe/Berlin");
  }
  return use;
}

std::string to_yaml(const SiteUse& use) {
  std::string text;
  if (!use.name.empty()) text += fmt::format("name: \"{}\"\n", use.name);
  if (!use.time_zone.empty()) text += fmt::format("time_zone: {}\n", use.time_zone);
  if (!use.zones.empty()) text += "zones:\n";
  for (const Zone& zone : use.zones)
    text += fmt::format("  - {{name: \"{}\", kind: {}, outline: {}}}\n", zone.name,
                        name_of(zone.kind), to_yaml(zone.outline));
  if (!use.swim_hours.empty()) text += "swim_hours:\n";
  for (const SwimHours& hours : use.swim_hours) {
    std::vector<std::string_view> days;
    for (size_t day = 0; day < kDays.size(); ++day) {
      if (hours.days[day]) days.push_back(kDays[day]);
    }
    text += fmt::format("  - {{days: [{}], opens: {}, closes: {}}}\n", fmt::join(days, ", "),
                        clock_text(hours.opens_min), clock_text(hours.closes_min));
  }
  return text;
}

}  // namespace lido::geometry
