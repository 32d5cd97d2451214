// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/site.h"

#include <fmt/format.h>

namespace lido::geometry {

Result<Site> read_site(std::string_view text, const std::string& file) {
  const Yaml yaml = LIDO_TRY(Yaml::parse(text, file));
  Site site{LIDO_TRY(read_pool(yaml["pool"])), {}};
  if (!yaml["cameras"].has_value()) return site;
  for (const Yaml& node : LIDO_TRY(yaml["cameras"].list()))
    site.cameras.push_back(LIDO_TRY(read_camera(node, site.pool, site.cameras.size() + 1)));
  return site;
}

std::string to_yaml(const Site& site, std::string_view comment) {
  std::string text = fmt::format("# {}\npool:\n{}", comment, to_yaml(site.pool));
  if (!site.cameras.empty()) text += "cameras:\n";
  for (const Camera& camera : site.cameras) text += to_yaml(camera);
  return text;
}

}  // namespace lido::geometry
