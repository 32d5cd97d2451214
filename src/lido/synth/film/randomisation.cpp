// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/randomisation.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

namespace lido::synth {

Result<Randomisation> Randomisation::read(const Yaml& node,
                                          const std::vector<std::string>& lights) {
  Randomisation drawn;
  std::vector<std::string_view> names = {"dirty", "fisheye", "underwater", "faults_per_day",
                                         "light"};
  Randomisation::ranges(drawn,
                        [&](const char* name, Range&, double, double) { names.push_back(name); });
  LIDO_TRY(node.check_keys(names));
  std::optional<Error> wrong;
  const auto read_range = [](const Yaml& at, Range& range, double min, double max) -> Result<void> {
    const auto two = LIDO_TRY(at.list());
    if (two.size() != 2) return at.refuse("two numbers: [min, max]");
    range = {LIDO_TRY(two[0].number(min, max)), LIDO_TRY(two[1].number(min, max))};
    if (range.min > range.max) return at.refuse("the smaller number first");
    return {};
  };
  Randomisation::ranges(drawn, [&](const char* name, Range& range, double min, double max) {
    if (wrong || !node[name].has_value()) return;
    if (const auto done = read_range(node[name], range, min, max); !done) wrong = done.error();
  });
  if (wrong) return std::unexpected(*wrong);
  drawn.dirty = LIDO_TRY(node["dirty"].number_or(drawn.dirty, 0, 1));
  drawn.fisheye = LIDO_TRY(node["fisheye"].number_or(drawn.fisheye, 0, 1));
  drawn.underwater = LIDO_TRY(node["underwater"].number_or(drawn.underwater, 0, 1));
  drawn.faults_per_day = LIDO_TRY(node["faults_per_day"].number_or(drawn.faults_per_day, 0, 1000));
  if (!node["light"].has_value()) return drawn;
  drawn.light.clear();
  double sum = 0;
  for (const auto& [name, weight] : LIDO_TRY(node["light"].map())) {
    if (std::ranges::find(lights, name) == lights.end())
      return weight.refuse(fmt::format("a light of {}, got {}", fmt::join(lights, ", "), name));
    drawn.light.emplace_back(name, LIDO_TRY(weight.number(0, 1e6)));
    sum += drawn.light.back().second;
  }
  if (sum <= 0) return node["light"].refuse("a weight above 0 for one light");
  return drawn;
}

}  // namespace lido::synth
