// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/synth/world/agent.h"

namespace lido::synth {

/// Whether a person may begin a behaviour where they are: by age, place, depth and duties.
bool may_begin(const CrowdState& state, const Agent& agent, const Behaviour& behaviour);

/// Begins a behaviour: draws its duration, speed and signal, plans its path and keeps the list of
/// danger events.
void begin_behaviour(CrowdState& state, Agent& agent, size_t behaviour);

/// Begins the next behaviour of the person's script.
/// @return Whether there was one.
bool begin_scripted(CrowdState& state, Agent& agent);

/// Begins what follows the present behaviour: the script, leaving when it is time, or a behaviour
/// drawn by weight.
void choose_behaviour(CrowdState& state, Agent& agent);

/// Begins what a minded toddler does next, on land or in water.
void choose_minded(CrowdState& state, Agent& agent);

}  // namespace lido::synth
