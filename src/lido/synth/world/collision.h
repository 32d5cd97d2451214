// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/synth/world/agent.h"

namespace lido::synth {

/// Moves an agent toward a desired velocity: within its acceleration, apart from others, and on its
/// own side of the rim unless it crosses. Turns it into its direction of motion.
void move_agent(const CrowdState& state, Agent& agent, Point desired, double by_s);

}  // namespace lido::synth
