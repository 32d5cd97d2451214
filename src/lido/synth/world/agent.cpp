// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/agent.h"

#include <algorithm>
#include <cmath>

namespace lido::synth {

const Agent* CrowdState::find(int64_t person_id) const {
  const auto found = std::ranges::find_if(
      agents, [&](const Agent& agent) { return person_of(agent).id == person_id; });
  return found == agents.end() ? nullptr : &*found;
}

Agent* CrowdState::find(int64_t person_id) {
  const auto found = std::ranges::find_if(
      agents, [&](const Agent& agent) { return person_of(agent).id == person_id; });
  return found == agents.end() ? nullptr : &*found;
}

Point unit(Point p) {
  const double length = p.length();
  return length > 1e-9 ? p * (1 / length) : Point{1, 0};
}

Point direction_of(double heading_rad) { return {std::cos(heading_rad), std::sin(heading_rad)}; }

double speed_factor(const Person& person) {
  constexpr double kReferenceStature_m = 1.7, kMaxFactor = 1.05;
  return std::min(kMaxFactor, person.stature_m / kReferenceStature_m);
}

}  // namespace lido::synth
