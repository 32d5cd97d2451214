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

/// Moves a toddler along with the person who minds them.
void follow_minder(const CrowdState& state, Agent& agent, double by_s);

/// Height of the mouth that the behaviour wants, metres over the water at rest.
double desired_mouth_m(const CrowdState& state, const Agent& agent);

/// Moves the mouth toward the height that the behaviour wants, no faster than people can.
void move_mouth(const CrowdState& state, Agent& agent, double by_s);

}  // namespace lido::synth
