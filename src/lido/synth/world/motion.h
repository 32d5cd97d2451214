// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/synth/world/agent.h"

namespace lido::synth {

/// Begins the motion of the agent's behaviour; the motion so far becomes `before`.
void begin_motion(CrowdState& state, Agent& agent);

/// Advances the rhythms of limbs and mouth.
void advance_motion(const CrowdState& state, Agent& agent, double by_s);

/// Height of the mouth that the behaviour wants, metres over the water at rest.
double desired_mouth_m(const CrowdState& state, const Agent& agent);

/// Moves the mouth toward the height that the behaviour wants, no faster than people can.
void move_mouth(const CrowdState& state, Agent& agent, double by_s);

/// Turns the trunk toward the angle that the behaviour wants.
void move_trunk(const CrowdState& state, Agent& agent, double by_s);

/// Whether a body that sinks is on the floor.
bool lies_on_floor(const CrowdState& state, const Agent& agent);

/// Motion of the limbs, for the state of the person.
LimbMotion limbs_of(const Motion& motion, const Style& style);

/// Maximum height of the mouth over the water that people reach without a hold, metres.
/// @param standing_m  Height of the mouth over the water of a person who stands there; negative
///                    where they cannot.
double max_mouth_m(double tilt_deg, double standing_m, double stature_m);

}  // namespace lido::synth
