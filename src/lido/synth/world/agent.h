// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lido/synth/world/crowd.h"

namespace lido::synth {

/// A person in motion. Internal to Crowd.
struct Agent {
  size_t person = 0;  ///< Index into CrowdState::people.
  Point at, velocity;
  double mouth_m = 0;      ///< Height of the mouth over the water at rest.
  double heading_rad = 0;  ///< Counter-clockwise from x.
  bool in_water = false;

  size_t behaviour = 0;
  double remaining_s = 0;    ///< Until the behaviour ends.
  double speed_mps = 0;      ///< Speed of the behaviour, for this person.
  double fitness = 1;        ///< Factor on every speed, 0.8 to 1.2.
  double phase_s = 0;        ///< Time within the period of the head's motion.
  size_t next_scripted = 0;  ///< Index into Person::script.

  std::vector<Point> waypoints;  ///< Where to go; the last point comes first.
  bool crosses_rim = false;      ///< Moves straight over the rim, in crossing_direction.
  Point crossing_direction;      ///< Unit length.
  bool leaves = false;           ///< Walks to the gate to go home.

  size_t signal = 0;  ///< Index of the signal, from 1; 0 for none.
  double signal_from_s = 0, signal_to_s = 0;
  int event = -1;       ///< Index into CrowdState::events; negative while not in danger.
  double rescue_s = 0;  ///< When a drowning person is rescued.
};

/// People at a pool at one moment: what the parts of a crowd's motion share.
struct CrowdState {
  const Pool& pool;
  const Behaviours& behaviours;
  std::vector<Person> people;  ///< By id.
  Random random;
  double now_s = 0;
  std::vector<Agent> agents = {};  ///< In order of arrival.
  std::vector<DangerEvent> events = {};

  const Person& person_of(const Agent& agent) const { return people[agent.person]; }
  const Behaviour& behaviour_of(const Agent& agent) const { return behaviours[agent.behaviour]; }
  /// The agent of a person; null when they are not at the pool.
  const Agent* find(int64_t person_id) const;
};

/// Vector of length 1; (1, 0) for a null vector.
Point unit(Point p);
/// Unit vector in a direction.
Point direction_of(double heading_rad);
/// Factor on an adult's speed: it grows with stature.
double speed_factor(const Person& person);

/// Distances that hips keep from the rim, metres.
inline constexpr double kWaterMargin_m = 0.25, kDeckMargin_m = 0.2;
/// Maximum time step, seconds. In one step, a person moves by less than half a metre.
inline constexpr double kMaxStep_s = 0.1;
/// Acceleration of a person who walks, metres a second squared.
inline constexpr double kWalkAcceleration = 3;

}  // namespace lido::synth
