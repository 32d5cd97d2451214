// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/randomisation.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

namespace lido::synth {

Result<Randomisation> Randomisation::read(const Yaml& node,
                                          const std::vector<std::string>& lights) {
  Randomisation drawn;
  std::vector<std::string_view> names = {"dirty", "light"};
  Randomisation::ranges(drawn,
                        [&](const char* name, Range&, double, double) { names.push_back(name); });
  LIDO_TRY(node.only(names));
  std::optional<Error> wrong;
  const auto read_range = [](const Yaml& at, Range& range, double least,
                             double most) -> Result<void> {
    const auto two = LIDO_TRY(at.list());
    if (two.size() != 2) return at.refuse("two numbers: [least, most]");
    range = {LIDO_TRY(two[0].number(least, most)), LIDO_TRY(two[1].number(least, most))};
    if (range.least > range.most) return at.refuse("the smaller number first");
    return {};
  };
  Randomisation::ranges(drawn, [&](const char* name, Range& range, double least, double most) {
    if (wrong || !node[name].there()) return;
    if (const auto done = read_range(node[name], range, least, most); !done) wrong = done.error();
  });
  if (wrong) return std::unexpected(*wrong);
  drawn.dirty = LIDO_TRY(node["dirty"].number_or(drawn.dirty, 0, 1));
  if (!node["light"].there()) return drawn;
  drawn.light.clear();
  double sum = 0;
  for (const auto& [name, weight] : LIDO_TRY(node["light"].map())) {
    if (std::ranges::find(lights, name) == lights.end())
      return weight.refuse(fmt::format("no {}: one of {}", name, fmt::join(lights, ", ")));
    drawn.light.emplace_back(name, LIDO_TRY(weight.number(0, 1e6)));
    sum += drawn.light.back().second;
  }
  if (sum <= 0) return node["light"].refuse("some light, by weight");
  return drawn;
}

}  // namespace lido::synth
