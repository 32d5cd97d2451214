// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/scene.h"

#include <algorithm>
#include <cmath>

#include "lido/geometry/site.h"
#include "lido/synth/film/light.h"
#include "lido/synth/world/random_pool.h"

namespace lido::synth {
namespace {

constexpr double kMaxDuration_s = 86400;

/// Whether a person is in the water after a behaviour.
/// @param wet  Whether the person is in the water before.
/// @return kInvalidArgument when the behaviour cannot begin there.
Result<bool> is_wet_after(const Behaviour& behaviour, bool wet, const Yaml& node) {
  if (behaviour.follows())
    return node.refuse("a behaviour of a person alone, not of one who is minded, helped or helps");
  if (behaviour.is_wet() && !wet)
    return node.refuse(fmt::format("a behaviour on land: {} is done in water", behaviour.name));
  if (!behaviour.is_wet() && wet)
    return node.refuse(fmt::format("a behaviour in water: {} is done on land", behaviour.name));
  if (behaviour.path == Path::kEnter || behaviour.path == Path::kRunIn) return true;
  return behaviour.path == Path::kLeave ? false : wet;
}

Result<std::vector<Person::ScriptedBehaviour>> read_script(const Yaml& node,
                                                           const Behaviours& behaviours, bool wet) {
  std::vector<Person::ScriptedBehaviour> script;
  for (const Yaml& one : LIDO_TRY(node.list())) {
    LIDO_TRY(one.check_keys({"behaviour", "for_s", "signal"}));
    const std::string name = LIDO_TRY(one["behaviour"].text());
    const auto found = behaviours.find(name);
    if (!found) return one["behaviour"].refuse("a behaviour that `lido synth list` names");
    wet = LIDO_TRY(is_wet_after(behaviours[*found], wet, one["behaviour"]));
    Person::ScriptedBehaviour next{*found, {}, 0};
    if (one["for_s"].has_value()) next.for_s = LIDO_TRY(one["for_s"].number(0.1, kMaxDuration_s));
    if (one["signal"].has_value()) {
      const auto signal = behaviours.find_signal(LIDO_TRY(one["signal"].text()));
      if (!signal) return one["signal"].refuse("a signal that `lido synth list` names");
      next.signal = *signal + 1;
    }
    script.push_back(next);
  }
  return script;
}

Result<Person> read_person(const Yaml& node, const Pool& pool, const Behaviours& behaviours,
                           double duration_s, Random& random) {
  LIDO_TRY(
      node.check_keys({"age_years", "sex", "stature_m", "arrives_s", "leaves_s", "at", "does"}));
  const double age = LIDO_TRY(node["age_years"].number_or(30, 1, 110));
  Person person = random_person(random, age, age);
  if (node["sex"].has_value()) {
    person.female = LIDO_TRY(node["sex"].choice({"female", "male"})) == "female";
    person.stature_m = stature_of(age, person.female).median_m;
  }
  person.stature_m = LIDO_TRY(node["stature_m"].number_or(person.stature_m, 0.5, 2.4));
  person.arrives_s = LIDO_TRY(node["arrives_s"].number_or(0, 0, duration_s));
  person.leaves_s = LIDO_TRY(node["leaves_s"].number_or(1e9, person.arrives_s, 1e9));
  bool wet = false;
  if (const Yaml at = node["at"]; at.has_value()) {
    const auto pair = LIDO_TRY(at.list());
    if (pair.size() != 2) return at.refuse("two numbers, metres: [x, y]");
    person.at = Point{LIDO_TRY(pair[0].number(-500, 500)), LIDO_TRY(pair[1].number(-500, 500))};
    const double inside = pool.inside_m(*person.at);
    constexpr double kBody_m = 0.2;
    if (std::abs(inside) < kBody_m) return at.refuse("a point clear of the wall by 0.2 m");
    if (inside < -pool.deck_m) return at.refuse("a point in the pool or on its deck");
    wet = inside > 0;
  }
  if (node["does"].has_value())
    person.script = LIDO_TRY(read_script(node["does"], behaviours, wet));
  return person;
}

/// Reads cameras, light and water.
Result<void> read_filming(const Yaml& node, Scene& scene) {
  if (node["cameras"].has_value()) {
    for (const Yaml& one : LIDO_TRY(node["cameras"].list())) {
      scene.cameras.push_back(LIDO_TRY(
          read_simulated_camera(one, scene.pool, scene.cameras.size() + 1, scene.level_shift_m)));
      scene.cameras.back().water_index = scene.water_index;
      const std::string& name = scene.cameras.back().name;
      if (std::ranges::count(scene.cameras, name, &SimulatedCamera::name) > 1)
        return one.refuse(fmt::format("a camera of another name than {}", name));
    }
  }
  if (node["light"].has_value()) {
    const std::vector<std::string> names = light_names();
    scene.light = LIDO_TRY(node["light"].choice({names.begin(), names.end()}));
  }
  if (const Yaml water = node["water"]; water.has_value()) {
    LIDO_TRY(
        water.check_keys({"wave_m", "turbidity", "level_m", "level_z", "index", "usual_level_z"}));
    scene.wave_m = LIDO_TRY(water["wave_m"].number_or(scene.wave_m, 0, 0.3));
    scene.turbidity = LIDO_TRY(water["turbidity"].number_or(scene.turbidity, 0, 1));
  }
  return {};
}

/// Reads the level and the index of the water, and moves the pool.
Result<void> read_level(const Yaml& water, Scene& scene) {
  if (!water.has_value()) return {};
  geometry::SiteWater given = LIDO_TRY(geometry::read_site_water(water));
  if (!water["level_z"].has_value())
    given.level_m = LIDO_TRY(water["level_m"].number_or(0, -100, 100));
  const double lowest = -0.9 * std::min(scene.pool.shallow_m, scene.pool.deep_m);
  if (given.level_m < lowest || given.level_m > scene.pool.freeboard_m)
    return water[water["level_z"].has_value() ? "level_z" : "level_m"].refuse(
        fmt::format("{} to {}", lowest, scene.pool.freeboard_m));
  geometry::lower(scene.pool, given.level_m);
  scene.level_shift_m = given.level_m;
  scene.water_index = given.index;
  // A site.yaml has the usual level beside the present one, a scene only the difference.
  scene.level_m = given.level_m - LIDO_TRY(water["usual_level_z"].number_or(0, -100, 100));
  return {};
}

}  // namespace

Result<Scene> read_scene(const Yaml& node, const Behaviours& behaviours) {
  std::vector<std::string_view> keys = {"seed",   "rate_hz", "duration_s", "pool",
                                        "people", "cameras", "light",      "water"};
  keys.insert(keys.end(), geometry::kSiteUseKeys.begin(), geometry::kSiteUseKeys.end());
  LIDO_TRY(node.check_keys(keys));
  Scene scene;
  if (node["seed"].has_value()) scene.seed = LIDO_TRY(node["seed"].integer(0, int64_t{1} << 53));
  scene.rate_hz = LIDO_TRY(node["rate_hz"].number_or(10, 0.01, 10));
  scene.duration_s = LIDO_TRY(node["duration_s"].number_or(120, 1, kMaxDuration_s));
  Random random = Random(static_cast<uint64_t>(scene.seed)).split(1);
  scene.pool =
      node["pool"].has_value() ? LIDO_TRY(geometry::read_pool(node["pool"])) : random_pool(random);
  scene.use = LIDO_TRY(geometry::read_site_use(node, scene.pool));
  LIDO_TRY(read_level(node["water"], scene));
  for (const Yaml& one : LIDO_TRY(node["people"].list())) {
    Person person = LIDO_TRY(read_person(one, scene.pool, behaviours, scene.duration_s, random));
    person.id = std::ssize(scene.people) + 1;
    person.party = 1;
    scene.people.push_back(std::move(person));
  }
  if (scene.people.empty()) return node["people"].refuse("one person or more");
  LIDO_TRY(read_filming(node, scene));
  return scene;
}

}  // namespace lido::synth
