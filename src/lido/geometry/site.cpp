// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/site.h"

#include <fmt/format.h>

#include <algorithm>

namespace lido::geometry {
namespace {

/// Keys of a site.yaml, and of a scene, beside those of its use.
constexpr std::array<std::string_view, 8> kSiteKeys = {"pool", "cameras", "water",      "light",
                                                       "seed", "rate_hz", "duration_s", "people"};

}  // namespace

Result<SiteWater> read_site_water(const Yaml& water) {
  if (water["level_z"].has_value() && water["level_m"].has_value())
    return water["level_m"].refuse("no level_m beside level_z");
  return SiteWater{LIDO_TRY(water["level_z"].number_or(0, -100, 100)),
                   LIDO_TRY(water["index"].number_or(kWaterRefractiveIndex, 1, 2))};
}

void lower(Pool& pool, double level_m) {
  pool.freeboard_m -= level_m;
  pool.shallow_m += level_m;
  pool.deep_m += level_m;
}

Result<Site> read_site(std::string_view text, const std::string& file) {
  const Yaml yaml = LIDO_TRY(Yaml::parse(text, file));
  std::vector<std::string_view> keys(kSiteUseKeys.begin(), kSiteUseKeys.end());
  keys.insert(keys.end(), kSiteKeys.begin(), kSiteKeys.end());
  LIDO_TRY(yaml.check_keys(keys));
  Site site{LIDO_TRY(read_pool(yaml["pool"])), {}};
  site.use = LIDO_TRY(read_site_use(yaml, site.pool));
  if (yaml["water"].has_value())
    LIDO_TRY(yaml["water"].check_keys(
        {"level_z", "index", "usual_level_z", "level_m", "wave_m", "turbidity"}));
  // A site.yaml of earlier versions has a level_m that its heights already contain.
  const SiteWater water = LIDO_TRY(read_site_water(yaml["water"]));
  site.water_index = water.index;
  site.level_z = water.level_m;
  lower(site.pool, water.level_m);
  if (std::min(site.pool.shallow_m, site.pool.deep_m) <= 0)
    return yaml["water"]["level_z"].refuse("a level that leaves water in the pool");
  if (!yaml["cameras"].has_value()) return site;
  for (const Yaml& node : LIDO_TRY(yaml["cameras"].list())) {
    site.cameras.push_back(
        LIDO_TRY(read_camera(node, site.pool, site.cameras.size() + 1, water.level_m)));
    Camera& camera = site.cameras.back();
    camera.water_index = water.index;
    if (std::ranges::count(site.cameras, camera.name, &Camera::name) > 1)
      return node.refuse(fmt::format("a camera of another name than {}", camera.name));
  }
  return site;
}

std::string to_yaml(const Site& site, std::string_view comment) {
  std::string text =
      fmt::format("# {}\n{}pool:\n{}", comment, to_yaml(site.use), to_yaml(site.pool));
  if (!site.cameras.empty()) text += "cameras:\n";
  for (const Camera& camera : site.cameras) text += to_yaml(camera);
  return text + fmt::format("water: {{level_z: 0, index: {}}}\n", site.water_index);
}

}  // namespace lido::geometry
