// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "lido/synth/world/agent.h"

namespace lido::synth {

/// Whether a person helps, is helped, tends a rescued person, or has been rescued and not stood up
/// yet.
bool is_in_rescue(const CrowdState& state, const Agent& agent);

/// Sends a rescuer to each person in danger whose rescue is due.
void begin_rescues(CrowdState& state);

/// Velocity of a rescuer: to the rim, through the water, and back with the person in danger.
/// @return Nothing when the rescuer needs another behaviour.
std::optional<Point> rescue_velocity(CrowdState& state, Agent& agent);

/// Begins the rescuer's next behaviour.
/// @return Whether the agent is still helping.
bool begin_next_of_rescue(CrowdState& state, Agent& agent);

/// Moves a person in danger along with the rescuer who holds them.
void follow_rescuer(CrowdState& state, Agent& agent, double by_s);

}  // namespace lido::synth
