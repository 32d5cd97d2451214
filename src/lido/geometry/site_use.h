// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "lido/geometry/pool.h"

namespace lido::geometry {

/// Purpose of an area of a site.
enum class ZoneKind : uint8_t { kWater, kDeck, kDeepEnd, kToddlerArea, kExit };

/// An area of a site, seen from above.
struct Zone {
  std::string name;  ///< Different for each zone.
  ZoneKind kind = ZoneKind::kWater;
  std::vector<Point> outline;  ///< Corners, counter-clockwise.
};

/// Days of a week, from Monday, on which a pool is open from one minute of the day to another.
struct SwimHours {
  std::array<bool, 7> days{};
  int opens_min = 0, closes_min = 0;  ///< Minutes after midnight, local time; up to 1440.
};

/// The use of a pool: its name, areas and opening hours. Every part may be empty.
struct SiteUse {
  std::string name;
  std::string time_zone;  ///< As in the IANA database: "Europe/Berlin".
  std::vector<Zone> zones;
  std::vector<SwimHours> swim_hours;
};

/// Keys that read_site_use() reads.
inline constexpr std::array<std::string_view, 4> kSiteUseKeys = {"name", "time_zone", "zones",
                                                                 "swim_hours"};

/// Name of a kind, as in site.yaml: "deep_end".
std::string_view name_of(ZoneKind kind);

/// Returns whether a text can name a site, a zone or a camera: 1 to 64 lower-case letters, digits,
/// _ and -.
bool is_site_name(std::string_view text);

/// Reads name, time_zone, zones and swim_hours of a site.yaml or a scene.
/// @return kInvalidArgument with file and line, as for a deep end on land, an exit away from the
///         deck, two zones of one name, or hours that overlap.
Result<SiteUse> read_site_use(const Yaml& root, const Pool& pool);

/// Text that read_site_use() reads: whole lines, and none for what is empty.
std::string to_yaml(const SiteUse& use);

}  // namespace lido::geometry
