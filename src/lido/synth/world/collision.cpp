// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/collision.h"

#include <algorithm>
#include <cmath>

namespace lido::synth {
namespace {

/// Accelerations, metres a second squared: a swimmer's, and the water's braking.
constexpr double kSwimAcceleration = 1.5, kWaterBraking = 5;

/// Velocity away from people who are too near.
Point separation(const CrowdState& state, const Agent& agent) {
  constexpr double kMinDistance_m = 0.55, kPush_per_s = 1.5;
  Point push;
  const Person& person = state.person_of(agent);
  for (const Agent& other : state.agents) {
    if (&other == &agent || other.in_water != agent.in_water) continue;
    if (state.person_of(other).minded_by == person.id) continue;
    const Point away = agent.at - other.at;
    const double distance_m = away.length();
    if (distance_m < kMinDistance_m)
      push = push + unit(away) * ((kMinDistance_m - distance_m) * kPush_per_s);
  }
  return push;
}

/// Slows a velocity toward the rim and the deck's outer end, so that the agent can stop before.
Point slowed_before_walls(const Pool& pool, const Agent& agent, Point velocity) {
  const auto [rim, inside_m] = pool.nearest(agent.at);
  const double left_m = std::abs(inside_m) - (agent.in_water ? kWaterMargin_m : kDeckMargin_m);
  const Point to_rim = unit(rim - agent.at);
  const double toward_mps = velocity.x * to_rim.x + velocity.y * to_rim.y;
  const double max_mps = std::sqrt(2 * kWalkAcceleration * std::max(left_m, 0.0));
  if (toward_mps > max_mps) velocity = velocity - to_rim * (toward_mps - max_mps);
  if (!agent.in_water) {
    const double end_mps = std::sqrt(2 * kWalkAcceleration * std::max(pool.deck_m + inside_m, 0.0));
    if (-toward_mps > end_mps) velocity = velocity + to_rim * (-toward_mps - end_mps);
  }
  return velocity;
}

double max_acceleration(const Behaviour& behaviour, const Agent& agent, Point desired) {
  // A leap off the edge is quicker than a step, and water stops a body sooner than it starts one.
  if (behaviour.path == Path::kRunIn || (behaviour.path == Path::kHelp && agent.crosses_rim))
    return 2 * kWalkAcceleration;
  if (!agent.in_water) return kWalkAcceleration;
  return desired.length() < agent.velocity.length() ? kWaterBraking : kSwimAcceleration;
}

/// Moves a point back to the agent's side of the rim, with its margin.
Point kept_on_own_side(const Pool& pool, const Agent& agent, Point to) {
  const auto [rim, inside_m] = pool.nearest(to);
  const Point from_rim = (inside_m >= 0) == agent.in_water ? unit(to - rim) : unit(rim - to);
  if (agent.in_water && inside_m < kWaterMargin_m) {
    to = rim + from_rim * kWaterMargin_m;
  } else if (!agent.in_water && inside_m > -kDeckMargin_m) {
    to = rim + from_rim * kDeckMargin_m;
  } else if (!agent.in_water && inside_m < -pool.deck_m) {
    to = rim + from_rim * pool.deck_m;
  }
  // In a corner, that point may lie beyond the other wall.
  const double now_m = pool.inside_m(to);
  const bool beyond = agent.in_water ? now_m < 0.5 * kWaterMargin_m : now_m > -0.5 * kDeckMargin_m;
  return beyond ? agent.at : to;
}

void turn_into_motion(Agent& agent, double by_s) {
  constexpr double kMoving_mps = 0.03, kMaxTurn_radps = 3;
  if (agent.velocity.length() <= kMoving_mps) return;
  const double wanted_rad = std::atan2(agent.velocity.y, agent.velocity.x);
  const double turn_rad = std::remainder(wanted_rad - agent.heading_rad, 2 * M_PI);
  agent.heading_rad += std::clamp(turn_rad, -kMaxTurn_radps * by_s, kMaxTurn_radps * by_s);
}

}  // namespace

void move_agent(const CrowdState& state, Agent& agent, Point desired, double by_s) {
  const Behaviour& behaviour = state.behaviour_of(agent);
  if (!agent.crosses_rim && behaviour.danger != Danger::kFallen && !behaviour.follows() &&
      behaviour.place != Place::kBottom && behaviour.place != Place::kEdge)
    desired = desired + separation(state, agent);
  if (!agent.crosses_rim) desired = slowed_before_walls(state.pool, agent, desired);
  Point change = desired - agent.velocity;
  const double max_change = max_acceleration(behaviour, agent, desired) * by_s;
  if (change.length() > max_change) change = unit(change) * max_change;
  agent.velocity = agent.velocity + change;
  Point to = agent.at + agent.velocity * by_s;
  if (!agent.crosses_rim) {
    to = kept_on_own_side(state.pool, agent, to);
    constexpr double kMinSpeed_mps = 0.3;
    const double max_m = std::max(agent.velocity.length(), kMinSpeed_mps) * by_s;
    if ((to - agent.at).length() > max_m) to = agent.at + unit(to - agent.at) * max_m;
    agent.velocity = (to - agent.at) * (1 / by_s);
  }
  agent.at = to;
  turn_into_motion(agent, by_s);
}

}  // namespace lido::synth
