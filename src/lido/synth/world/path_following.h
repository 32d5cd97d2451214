// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "lido/synth/world/agent.h"

namespace lido::synth {

/// Sets waypoints and the direction over the rim for the behaviour that begins.
void plan_path(const CrowdState& state, Agent& agent);

/// Velocity that follows the behaviour's path, before collisions are avoided. Draws the next
/// waypoint when a path needs one.
/// @return Nothing when the agent has crossed the rim and needs another behaviour.
std::optional<Point> desired_velocity(CrowdState& state, Agent& agent, double by_s);

/// Direction from a point of the rim into the water, where the water is widest. Unit length.
Point inward_from(const Pool& pool, Point rim);

/// Velocity toward a target at the agent's speed, slower on the last metres.
Point velocity_along(const Agent& agent, Point target);

/// Moves a toddler along with the person who minds them.
void follow_minder(CrowdState& state, Agent& agent, double by_s);

}  // namespace lido::synth
