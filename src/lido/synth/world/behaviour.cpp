// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/behaviour.h"

#include <algorithm>
#include <array>

namespace lido::synth {
namespace {

constexpr std::array<std::string_view, 4> kPlaces = {"deck", "edge", "water", "bottom"};
constexpr std::array<std::string_view, 8> kPaths = {"stay",  "wander", "lanes",  "line",
                                                    "enter", "leave",  "run_in", "follow"};
constexpr std::array<std::string_view, 5> kDangers = {"none", "distress", "drowning", "fallen",
                                                      "alone"};
constexpr std::array<std::string_view, 5> kAges = {"toddler", "child", "teenager", "adult",
                                                   "elder"};

template <typename Enum, size_t N>
Result<Enum> read_enum(const Yaml& node, const std::array<std::string_view, N>& names) {
  const std::string text = LIDO_TRY(node.choice({names.begin(), names.end()}));
  return static_cast<Enum>(std::ranges::find(names, text) - names.begin());
}

Result<Quantity> read_quantity(const Yaml& node, double max) {
  LIDO_TRY(node.check_keys({"median", "least", "most"}));
  Quantity quantity;
  quantity.median = LIDO_TRY(node["median"].number(0, max));
  quantity.min = LIDO_TRY(node["least"].number(0, quantity.median));
  quantity.max = LIDO_TRY(node["most"].number(quantity.median, max));
  return quantity;
}

/// Index of the element with a name.
/// @param what  Kind of the elements, for errors.
template <typename Named>
Result<size_t> index_of(const std::vector<Named>& list, std::string_view what,
                        std::string_view name) {
  const auto found = std::ranges::find(list, name, &Named::name);
  if (found != list.end()) return static_cast<size_t>(found - list.begin());
  std::vector<std::string_view> names;
  for (const Named& one : list) names.push_back(one.name);
  return fail(ErrorCode::kInvalidArgument, "{} is {}, want one of {}", what, name,
              fmt::join(names, ", "));
}

Result<Behaviour> read_behaviour(const std::string& name, const Yaml& node) {
  LIDO_TRY(node.check_keys({"place", "danger", "duration", "speed", "path", "head", "tilt", "face",
                            "limbs", "depth", "minds", "ages", "next", "source"}));
  Behaviour one{.name = name};
  one.place = LIDO_TRY(read_enum<Place>(node["place"], kPlaces));
  one.danger = LIDO_TRY(read_enum<Danger>(node["danger"], kDangers));
  one.duration_s = LIDO_TRY(read_quantity(node["duration"], 3600));
  // Speeds of sprinters and of the fastest swimmers.
  const double max_mps = one.place == Place::kDeck ? 8 : 2.2;
  if (node["speed"].has_value()) one.speed_mps = LIDO_TRY(read_quantity(node["speed"], max_mps));
  one.path = LIDO_TRY(read_enum<Path>(node["path"], kPaths));
  if (one.path != Path::kStay && one.path != Path::kFollow && !node["speed"].has_value())
    return node["speed"].refuse("a speed for a path that goes somewhere");
  if (one.is_wet()) {
    const Yaml head = node["head"];
    LIDO_TRY(head.check_keys({"mean", "moves", "period_s"}));
    one.head_m = LIDO_TRY(head["mean"].number(-10, 1));
    one.head_amplitude_m = LIDO_TRY(head["moves"].number(0, 1));
    one.head_period_s = LIDO_TRY(head["period_s"].number(0.3, 60));
  }
  one.tilt_deg = LIDO_TRY(node["tilt"].number(0, 180));
  one.face =
      node["face"].has_value() ? LIDO_TRY(node["face"].choice({"up", "down", "ahead"})) : "ahead";
  one.limbs = LIDO_TRY(Limbs::read(node["limbs"]));
  one.depth = LIDO_TRY(node["depth"].number_or(0, 0, 3));
  if (node["minds"].has_value()) one.while_minding = LIDO_TRY(node["minds"].boolean());
  if (node["ages"].has_value()) {
    for (const Yaml& age : LIDO_TRY(node["ages"].list()))
      one.ages.push_back(LIDO_TRY(read_enum<AgeGroup>(age, kAges)));
  }
  one.source = LIDO_TRY(node["source"].text());
  if (one.source.empty()) return node["source"].refuse("a publication, or \"an assumption\"");
  return one;
}

}  // namespace

std::string_view name_of(Place place) { return kPlaces[static_cast<size_t>(place)]; }
std::string_view name_of(Danger danger) { return kDangers[static_cast<size_t>(danger)]; }
std::string_view name_of(AgeGroup group) { return kAges[static_cast<size_t>(group)]; }

bool Behaviour::is_for(AgeGroup group) const {
  return ages.empty() || std::ranges::find(ages, group) != ages.end();
}

Result<Behaviours> Behaviours::read(const Yaml& yaml) {
  LIDO_TRY(yaml.check_keys({"behaviours", "signals"}));
  Behaviours behaviours;
  const auto named = LIDO_TRY(yaml["behaviours"].map());
  for (const auto& [name, node] : named)
    behaviours.all_.push_back(LIDO_TRY(read_behaviour(name, node)));
  for (size_t i = 0; i < named.size(); ++i) {
    for (const auto& [name, weight] : LIDO_TRY(named[i].second["next"].map())) {
      const auto next = behaviours.find(name);
      if (!next) return weight.refuse(fmt::format("a behaviour's name instead of {}", name));
      behaviours.all_[i].next.push_back({*next, LIDO_TRY(weight.number(0, 1e6))});
    }
    if (behaviours.all_[i].next.empty())
      return named[i].second["next"].refuse("one behaviour or more");
  }
  if (!yaml["signals"].has_value()) return behaviours;
  for (const auto& [name, node] : LIDO_TRY(yaml["signals"].map())) {
    LIDO_TRY(node.check_keys({"limbs", "duration", "often", "with", "source"}));
    Signal signal{.name = name};
    signal.limbs = LIDO_TRY(Limbs::read(node["limbs"]));
    signal.duration_s = LIDO_TRY(read_quantity(node["duration"], 600));
    signal.often = LIDO_TRY(node["often"].number_or(0, 0, 1));
    for (const Yaml& one : LIDO_TRY(node["with"].list())) {
      const auto found = behaviours.find(LIDO_TRY(one.text()));
      if (!found) return one.refuse("the name of a behaviour");
      signal.with.push_back(*found);
    }
    signal.source = LIDO_TRY(node["source"].text());
    behaviours.signals_.push_back(std::move(signal));
  }
  return behaviours;
}

Result<size_t> Behaviours::find(std::string_view name) const {
  return index_of(all_, "behaviour", name);
}

Result<size_t> Behaviours::find_signal(std::string_view name) const {
  return index_of(signals_, "signal", name);
}

}  // namespace lido::synth
