// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lido/synth/world/crowd.h"

namespace lido::synth {

/// Motion of limbs and mouth in one behaviour, since it began.
struct Motion {
  size_t behaviour = 0;
  size_t posture = 0;    ///< Index into Behaviour::postures.
  double since_s = -1;   ///< Negative before the first behaviour.
  double onset_s = 0.6;  ///< Time in which the motion before becomes this one.
  Rhythm limbs, head;
  double strength = 1;     ///< Factor on the size of motions.
  double head_offset = 0;  ///< The mouth's mean height, in deviations.
  double tilt_offset = 0;  ///< The trunk's mean angle, in deviations.
  double turn_radps = 0;
  double sink_mps = 0;  ///< Final speed of sinking.
  // Dips of the mouth:
  bool under = false;
  double dip_left_s = 0;  ///< Until the mouth goes under or comes up.
  double dip_deep_m = 0;
  double dip_share = 0;  ///< 0: over water, 1: at dip_deep_m.
  double longer = 1;     ///< Factor on the next duration under water.
};

/// A person in motion. Internal to Crowd.
struct Agent {
  size_t person = 0;  ///< Index into CrowdState::people.
  Point at, velocity;
  double mouth_m = 0;      ///< Height of the mouth over the water at rest.
  double heading_rad = 0;  ///< Counter-clockwise from x.
  bool in_water = false;

  size_t behaviour = 0;
  double remaining_s = 0;   ///< Until the behaviour ends.
  double speed_mps = 0;     ///< Speed of the behaviour, for this person.
  double fitness = 1;       ///< Factor on every speed, 0.8 to 1.2.
  Style style;              ///< Factors on the pace and size of every motion.
  uint64_t seed = 0;        ///< Seed of the person's own motion.
  Random motion_random{0};  ///< Draws the person's own motion.
  Motion now, before;
  double share = 1;          ///< How far the motion before has become this one.
  double tilt_deg = 0;       ///< Angle of the trunk from upright; negative onto the back.
  double sinking_mps = 0;    ///< Present speed of sinking.
  size_t next_scripted = 0;  ///< Index into Person::script.
  bool script_ended = true;  ///< Whether the present behaviour is of the person's own choice.

  std::vector<Point> waypoints;  ///< Where to go; the last point comes first.
  bool crosses_rim = false;      ///< Moves straight over the rim, in crossing_direction.
  Point crossing_direction;      ///< Unit length.
  bool leaves = false;           ///< Walks to the gate to go home.

  size_t signal = 0;  ///< Index of the signal, from 1; 0 for none.
  double signal_from_s = 0, signal_to_s = 0;
  int event = -1;          ///< Index into CrowdState::events; negative while not in danger.
  double rescue_s = 0;     ///< When a rescuer goes to help.
  int64_t helps = -1;      ///< Id of the person in danger whom this rescuer helps; negative: none.
  int64_t helped_by = -1;  ///< Id of the rescuer; negative: none.
  bool carried_off = false;  ///< Whether the rescued person is carried off at the end.
};

/// People at a pool at one moment: what the parts of a crowd's motion share.
struct CrowdState {
  const Pool& pool;
  const Behaviours& behaviours;
  std::vector<Person> people;  ///< By id.
  Random random;
  double now_s = 0;
  std::vector<Agent> agents;  ///< In order of arrival.
  std::vector<DangerEvent> events;

  const Person& person_of(const Agent& agent) const { return people[agent.person]; }
  const Behaviour& behaviour_of(const Agent& agent) const { return behaviours[agent.behaviour]; }
  /// The agent of a person; null when they are not at the pool.
  const Agent* find(int64_t person_id) const;
  Agent* find(int64_t person_id);
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
