// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/behaviour.h"

#include <algorithm>
#include <array>

namespace lido::synth {
namespace {

constexpr std::array<std::string_view, 4> kPlaces = {"deck", "edge", "water", "bottom"};
constexpr std::array<std::string_view, 10> kPaths = {"stay",  "wander", "lanes",  "line", "enter",
                                                     "leave", "run_in", "follow", "help", "towed"};
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

Result<Quantity> read_quantity_or_none(const Yaml& node, double max) {
  return node.has_value() ? read_quantity(node, max) : Result<Quantity>(Quantity{});
}

/// Reads tilt, face and limbs.
/// @param base  Keeps its values where the node has none.
Result<Posture> read_posture(const Yaml& node, const Posture* base) {
  Posture posture = base != nullptr ? *base : Posture{.face = "ahead"};
  if (const Yaml tilt = node["tilt"]; tilt.is_map()) {
    LIDO_TRY(tilt.check_keys({"mean", "spread"}));
    posture.tilt_deg = LIDO_TRY(tilt["mean"].number(0, 180));
    posture.tilt_spread_deg = LIDO_TRY(tilt["spread"].number(0, 60));
  } else if (tilt.has_value() || base == nullptr) {
    posture.tilt_deg = LIDO_TRY(tilt.number(0, 180));
  }
  if (node["face"].has_value())
    posture.face = LIDO_TRY(node["face"].choice({"up", "down", "ahead"}));
  if (node["over_floor"].has_value())
    posture.over_floor = LIDO_TRY(node["over_floor"].number(0, 2));
  if (node["limbs"].has_value()) posture.limbs = LIDO_TRY(Limbs::read(node["limbs"]));
  return posture;
}

Result<std::vector<Posture>> read_postures(const Yaml& node) {
  const Posture base = LIDO_TRY(read_posture(node, nullptr));
  if (!node["variants"].has_value()) return std::vector<Posture>{base};
  std::vector<Posture> postures;
  for (const Yaml& one : LIDO_TRY(node["variants"].list())) {
    LIDO_TRY(one.check_keys({"weight", "tilt", "face", "limbs", "over_floor"}));
    postures.push_back(LIDO_TRY(read_posture(one, &base)));
    postures.back().weight = LIDO_TRY(one["weight"].number(0, 1e6));
  }
  if (postures.empty()) return node["variants"].refuse("one variant or more");
  return postures;
}

Result<void> read_head(const Yaml& node, Behaviour& one) {
  const Yaml head = node["head"];
  // Over the floor, the mouth has its height from there.
  if (!head.has_value() && node["over_floor"].has_value()) return {};
  LIDO_TRY(head.check_keys({"mean", "spread", "moves", "period_s", "dips"}));
  one.head_m = LIDO_TRY(head["mean"].number(-10, 1));
  one.head_spread_m = LIDO_TRY(head["spread"].number_or(0, 0, 0.3));
  one.head_amplitude_m = LIDO_TRY(head["moves"].number_or(0, 0, 1));
  if (head["period_s"].has_value()) one.head_period_s = LIDO_TRY(head["period_s"].number(0.3, 60));
  const Yaml dips = head["dips"];
  if (!dips.has_value()) return {};
  LIDO_TRY(dips.check_keys({"between", "for", "deep", "longer"}));
  one.dips =
      Dips{LIDO_TRY(read_quantity(dips["between"], 600)), LIDO_TRY(read_quantity(dips["for"], 60)),
           LIDO_TRY(read_quantity(dips["deep"], 2)), 1, 1};
  if (const Yaml longer = dips["longer"]; longer.has_value()) {
    LIDO_TRY(longer.check_keys({"least", "most"}));
    one.dips->longer_min = LIDO_TRY(longer["least"].number(0.1, 3));
    one.dips->longer_max = LIDO_TRY(longer["most"].number(one.dips->longer_min, 3));
  }
  return {};
}

Result<void> read_depth(const Yaml& node, Behaviour& one) {
  constexpr double kMax = 100;
  if (!node.is_map()) {
    one.depth = one.depth_weak = LIDO_TRY(node.number_or(0, 0, 3));
    return {};
  }
  LIDO_TRY(node.check_keys({"least", "weak", "most"}));
  one.depth = LIDO_TRY(node["least"].number_or(0, 0, 3));
  one.depth_weak = LIDO_TRY(node["weak"].number_or(one.depth, 0, 3));
  one.depth_max = LIDO_TRY(node["most"].number_or(kMax, one.depth, kMax));
  return {};
}

/// Reads how the motion begins, changes and ends.
Result<void> read_course(const Yaml& node, Behaviour& one) {
  one.turn_degps = LIDO_TRY(read_quantity_or_none(node["turn"], 360));
  one.onset_s = LIDO_TRY(read_quantity_or_none(node["onset"], 60));
  one.sink_mps = LIDO_TRY(read_quantity_or_none(node["sinks"], 2));
  one.drift = LIDO_TRY(node["drift"].number_or(1, 0, 1));
  if (const Yaml weakens = node["weakens"]; weakens.has_value()) {
    LIDO_TRY(weakens.check_keys({"to", "over_s"}));
    one.weakens_to = LIDO_TRY(weakens["to"].number(0, 1));
    one.weakens_over_s = LIDO_TRY(weakens["over_s"].number(0.1, 600));
  }
  if (node["stands"].has_value()) one.stands = LIDO_TRY(node["stands"].boolean());
  return {};
}

Result<Behaviour> read_behaviour(const std::string& name, const Yaml& node) {
  LIDO_TRY(node.check_keys({"place",    "danger", "duration", "speed",      "path",     "head",
                            "tilt",     "face",   "limbs",    "turn",       "onset",    "weakens",
                            "sinks",    "drift",  "stands",   "depth",      "minds",    "ages",
                            "variants", "next",   "source",   "over_floor", "incidents"}));
  Behaviour one{.name = name};
  one.place = LIDO_TRY(read_enum<Place>(node["place"], kPlaces));
  one.danger = LIDO_TRY(read_enum<Danger>(node["danger"], kDangers));
  one.duration_s = LIDO_TRY(read_quantity(node["duration"], 3600));
  // Speeds of sprinters and of the fastest swimmers.
  const double max_mps = one.place == Place::kDeck ? 8 : 2.2;
  if (node["speed"].has_value()) one.speed_mps = LIDO_TRY(read_quantity(node["speed"], max_mps));
  one.path = LIDO_TRY(read_enum<Path>(node["path"], kPaths));
  if (one.path != Path::kStay && one.path != Path::kFollow && one.path != Path::kTowed &&
      !node["speed"].has_value())
    return node["speed"].refuse("a speed for a path that goes somewhere");
  if (one.is_wet()) LIDO_TRY(read_head(node, one));
  one.postures = LIDO_TRY(read_postures(node));
  LIDO_TRY(read_course(node, one));
  LIDO_TRY(read_depth(node["depth"], one));
  one.incidents = LIDO_TRY(node["incidents"].number_or(0, 0, 1e6));
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

bool Behaviour::fits_depth(double depth_m, double stature_m, AgeGroup group) const {
  const bool weak = group == AgeGroup::kToddler || group == AgeGroup::kElder;
  return depth_m >= (weak ? depth_weak : depth) * stature_m && depth_m <= depth_max * stature_m;
}

Result<Rescue> Rescue::read(const Yaml& node) {
  Rescue rescue;
  if (!node.has_value()) return rescue;
  LIDO_TRY(node.check_keys({"notice", "recovers", "source"}));
  rescue.notice_s = LIDO_TRY(read_quantity(node["notice"], 3600));
  rescue.recovers = LIDO_TRY(node["recovers"].number(0, 1));
  return rescue;
}

Result<Behaviours> Behaviours::read(const Yaml& yaml) {
  LIDO_TRY(yaml.check_keys({"variation", "rescue", "behaviours", "signals"}));
  Behaviours behaviours;
  behaviours.variation_ = LIDO_TRY(Variation::read(yaml["variation"]));
  behaviours.rescue_ = LIDO_TRY(Rescue::read(yaml["rescue"]));
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

std::vector<std::string> Behaviours::unreached() const {
  // Behaviours that the simulator begins by name: arrival, departure, minding, rescue.
  constexpr std::array<std::string_view, 12> kBegun = {
      "walking",         "standing", "playing",          "climbing_out",
      "beside_grown_up", "tending",  "held_in_water",    "lying_rescued",
      "towing",          "towed",    "swimming_to_help", "hurrying_to_help"};
  std::vector<bool> reached(all_.size(), false);
  std::vector<size_t> open;
  const auto reach = [&](size_t index) {
    if (!reached[index]) open.push_back(index);
    reached[index] = true;
  };
  for (size_t i = 0; i < all_.size(); ++i) {
    if (all_[i].incidents > 0 || std::ranges::find(kBegun, all_[i].name) != kBegun.end()) reach(i);
  }
  while (!open.empty()) {
    const Behaviour& one = all_[open.back()];
    open.pop_back();
    for (const Behaviour::Next& next : one.next) {
      if (next.weight > 0) reach(next.behaviour);
    }
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < all_.size(); ++i) {
    if (!reached[i]) names.push_back(all_[i].name);
  }
  return names;
}

Result<size_t> Behaviours::find_signal(std::string_view name) const {
  return index_of(signals_, "signal", name);
}

}  // namespace lido::synth
