// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/path_following.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lido/synth/world/rescue.h"
#include "lido/synth/world/route.h"

namespace lido::synth {
namespace {

/// Distance at which a waypoint counts as reached, and the last waypoint's distance from the rim.
constexpr double kWaypointReached_m = 0.15, kBeforeRim_m = 0.35;
constexpr double kWalk_mps = 1.1, kMinSpeed_mps = 0.05;

Point nearest_way_in(const Pool& pool, Point from) {
  return *std::ranges::min_element(pool.ways_in, {},
                                   [&](Point way_in) { return (way_in - from).length(); });
}

/// Velocity toward a target, slower on the last metres.
Point toward(const Agent& agent, Point target, double speed_mps) {
  const Point way = target - agent.at;
  return unit(way) * std::min(speed_mps, way.length() / kMaxStep_s / 2);
}

/// Draws a point nearby that can be reached straight; the agent's own point when none is found.
Point random_target(CrowdState& state, const Agent& agent) {
  constexpr double kMaxStroll_m = 5, kClearance_m = 0.4;
  constexpr int kDraws = 12;
  const Pool& pool = state.pool;
  const Person& person = state.person_of(agent);
  const Behaviour& behaviour = state.behaviour_of(agent);
  for (int i = 0; i < kDraws; ++i) {
    const Point target{agent.at.x + state.random.between(-kMaxStroll_m, kMaxStroll_m),
                       agent.at.y + state.random.between(-kMaxStroll_m, kMaxStroll_m)};
    const double inside_m = pool.inside_m(target);
    const bool fits = agent.in_water ? inside_m > kClearance_m
                                     : inside_m < -kClearance_m && inside_m > -pool.deck_m;
    if (agent.in_water &&
        !behaviour.fits_depth(pool.depth_m(target), person.stature_m, person.group()))
      continue;
    if (fits && is_clear(pool, agent.at, target, agent.in_water)) return target;
  }
  return agent.at;
}

/// End of the lane, along x: the one ahead, or the other when the agent is there already.
Point lane_end(const Pool& pool, const Agent& agent) {
  constexpr double kStep_m = 0.25, kClearance_m = 0.6, kAtEnd_m = 0.5;
  const auto end = [&](double sign) {
    Point p = agent.at;
    while (pool.inside_m({p.x + sign * kStep_m, p.y}) > kClearance_m) p.x += sign * kStep_m;
    return p;
  };
  const double direction = std::cos(agent.heading_rad) >= 0 ? 1 : -1;
  const Point ahead = end(direction);
  return std::abs(ahead.x - agent.at.x) < kAtEnd_m ? end(-direction) : ahead;
}

/// Velocity over the rim; nothing once the agent is clear of it.
std::optional<Point> crossing_velocity(const CrowdState& state, Agent& agent) {
  const double inside_m = state.pool.inside_m(agent.at);
  // Onto the deck, or into the water.
  const Behaviour& behaviour = state.behaviour_of(agent);
  const bool out =
      behaviour.path == Path::kLeave || (behaviour.path == Path::kHelp && behaviour.is_wet());
  // Rescuers draw the other out behind them.
  const double out_m = behaviour.path == Path::kHelp ? 1.2 : 0.4;
  const bool over = out ? inside_m < -out_m : inside_m > 0.6;
  agent.in_water = inside_m > 0;
  // Rescuers who have run along the rim must not come out again at a corner.
  if (behaviour.path == Path::kHelp && !out) {
    if (const Agent* victim = state.find(agent.helps))
      agent.crossing_direction = unit(victim->at - agent.at);
  }
  if (!over) return agent.crossing_direction * agent.speed_mps;
  agent.crosses_rim = false;
  return std::nullopt;
}

/// Straight on; turns by a random angle before the wall.
Point line_velocity(CrowdState& state, Agent& agent, double by_s) {
  constexpr double kLookAhead_m = 0.4;
  const Point ahead =
      agent.at + direction_of(agent.heading_rad) * (agent.speed_mps * by_s + kLookAhead_m);
  if (state.pool.inside_m(ahead) < kWaterMargin_m)
    agent.heading_rad += state.random.between(1.5, 4.7);
  return direction_of(agent.heading_rad) * agent.speed_mps;
}

}  // namespace

Point inward_from(const Pool& pool, Point rim) {
  Point best{1, 0};
  double widest_m = -std::numeric_limits<double>::max();
  constexpr int kDirections = 32;
  constexpr double kProbe_m = 0.8;
  for (int i = 0; i < kDirections; ++i) {
    const Point direction = direction_of(2 * M_PI * i / kDirections);
    const double inside_m = pool.inside_m(rim + direction * kProbe_m);
    if (inside_m > widest_m) {
      widest_m = inside_m;
      best = direction;
    }
  }
  return best;
}

Point velocity_along(const Agent& agent, Point target) {
  return toward(agent, target, agent.speed_mps);
}

void plan_path(const CrowdState& state, Agent& agent) {
  const Behaviour& behaviour = state.behaviour_of(agent);
  const Pool& pool = state.pool;
  agent.waypoints.clear();
  agent.crosses_rim = false;
  if (behaviour.path == Path::kEnter || behaviour.path == Path::kLeave) {
    const Point way_in = nearest_way_in(pool, agent.at);
    const Point in = inward_from(pool, way_in);
    agent.crossing_direction = behaviour.path == Path::kEnter ? in : in * -1;
    agent.waypoints =
        route(pool, agent.at, way_in - agent.crossing_direction * kBeforeRim_m, agent.in_water);
  } else if (behaviour.path == Path::kRunIn) {
    const Point rim = pool.rim(agent.at);
    agent.crossing_direction = inward_from(pool, rim);
    agent.waypoints = route(pool, agent.at, rim - agent.crossing_direction * kBeforeRim_m, false);
  } else if (behaviour.place == Place::kEdge) {
    const Point rim = pool.rim(agent.at);
    agent.waypoints = {rim - inward_from(pool, rim) * (kDeckMargin_m + 0.02)};
  }
}

std::optional<Point> desired_velocity(CrowdState& state, Agent& agent, double by_s) {
  if (agent.crosses_rim) return crossing_velocity(state, agent);
  const Behaviour& behaviour = state.behaviour_of(agent);
  if (behaviour.path == Path::kHelp) return rescue_velocity(state, agent);
  while (!agent.waypoints.empty() &&
         (agent.waypoints.back() - agent.at).length() < kWaypointReached_m)
    agent.waypoints.pop_back();
  if (!agent.waypoints.empty()) {
    const bool walks = !agent.in_water && behaviour.path != Path::kWander;
    const double walk_mps = kWalk_mps * agent.fitness * speed_factor(state.person_of(agent));
    return toward(agent, agent.waypoints.back(),
                  walks ? walk_mps : std::max(agent.speed_mps, kMinSpeed_mps));
  }
  switch (behaviour.path) {
    case Path::kEnter:
    case Path::kLeave:
    case Path::kRunIn:
      agent.crosses_rim = true;
      return agent.crossing_direction * agent.speed_mps;
    case Path::kWander:
      agent.waypoints = {random_target(state, agent)};
      break;
    case Path::kLanes:
      agent.waypoints = {lane_end(state.pool, agent)};
      break;
    case Path::kLine:
      return line_velocity(state, agent, by_s);
    case Path::kStay:
    case Path::kFollow:
    case Path::kHelp:
    case Path::kTowed:
      break;
  }
  return Point{};
}

void follow_minder(CrowdState& state, Agent& agent, double by_s) {
  const Agent* minder = state.find(state.person_of(agent).minded_by);
  if (minder != nullptr) {
    constexpr double kArm_m = 0.4, kCarried_mps = 2;
    const double distance_m = minder->in_water ? kArm_m : 1.5 * kArm_m;
    Point target = minder->at - direction_of(minder->heading_rad) * distance_m;
    const auto [rim, inside_m] = state.pool.nearest(target);
    if (inside_m < -state.pool.deck_m) target = rim + unit(target - rim) * state.pool.deck_m;
    Point change = toward(agent, target, kCarried_mps) - agent.velocity;
    if (change.length() > kWalkAcceleration * by_s)
      change = unit(change) * (kWalkAcceleration * by_s);
    agent.velocity = agent.velocity + change;
    agent.at = agent.at + agent.velocity * by_s;
    agent.heading_rad = minder->heading_rad;
  }
  agent.in_water = state.pool.is_water(agent.at);
}

}  // namespace lido::synth
