// SPDX-License-Identifier: Apache-2.0
#pragma once

// Data that the tests of this room share.

#include <fstream>
#include <sstream>
#include <string>

#include "lido/geometry/pool.h"
#include "lido/synth/body/body.h"
#include "lido/synth/world/behaviour.h"
#include "lido/synth/world/crowd.h"
#include "lido/synth/world/person.h"

namespace lido::synth::testing {

inline std::string slurp(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// behaviours.yaml, as Lido ships it.
inline const Behaviours& behaviours() {
  static const std::string file =
      std::string(LIDO_SOURCE) + "/src/lido/synth/world/behaviours.yaml";
  static const Behaviours read = *Behaviours::read(*Yaml::parse(slurp(file), file));
  return read;
}

/// bodies.safetensors, as ./dev makes it.
inline const Bodies& bodies() {
  static const Bodies read = *Bodies::read(slurp(LIDO_BODIES), LIDO_BODIES);
  return read;
}

/// A person in the middle of a behaviour, without anything of their own.
inline PersonState state_in(const char* behaviour, geometry::Point at, double mouth_m,
                            double heading_rad, bool in_water) {
  const size_t index = *behaviours().find(behaviour);
  const Posture& posture = behaviours()[index].postures[0];
  return {.person = 1,
          .at = at,
          .mouth_m = mouth_m,
          .heading_rad = heading_rad,
          .behaviour = index,
          .in_water = in_water,
          .tilt_deg = posture.signed_tilt(posture.tilt_deg),
          .previous = index};
}

/// A basin of 12 x 6 m, 1.1 to 2.1 m deep, with a ladder at (0, 3) and a gate at (-1.5, 3).
inline geometry::Pool rectangle_pool() {
  return {.kind = "rectangle",
          .outline = {{0, 0}, {12, 0}, {12, 6}, {0, 6}},
          .shallow_m = 1.1,
          .deep_m = 2.1,
          .deck_m = 3,
          .freeboard_m = 0.1,
          .ways_in = {{0, 3}},
          .gate = {-1.5, 3}};
}

/// A person of median stature.
inline Person person_of_age(double age_years, bool female = false, int64_t id = 1) {
  Person person{.id = id, .age_years = age_years, .female = female, .party = 1, .leaves_s = 1e6};
  person.stature_m = stature_of(age_years, female).median_m;
  return person;
}

}  // namespace lido::synth::testing
