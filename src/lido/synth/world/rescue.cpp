// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/rescue.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "lido/synth/world/behaviour_choice.h"
#include "lido/synth/world/path_following.h"
#include "lido/synth/world/route.h"

namespace lido::synth {
namespace {

/// Distance at which a rescuer takes hold, and at which the rescued is held.
constexpr double kReach_m = 0.6, kHold_m = 0.5;

bool is_named(const CrowdState& state, const Agent& agent, std::string_view behaviour) {
  return state.behaviour_of(agent).name == behaviour;
}

/// Whether the person can leave what they do and help.
bool may_help(const CrowdState& state, const Agent& agent) {
  constexpr double kMinAge_years = 16, kMaxAge_years = 70;
  const Person& person = state.person_of(agent);
  return person.age_years >= kMinAge_years && person.age_years < kMaxAge_years &&
         !person.minds_toddler && !person.is_cleaner && agent.helps < 0 && agent.event < 0 &&
         !agent.crosses_rim && !agent.leaves && agent.script_ended &&
         !is_named(state, agent, "lying_rescued");
}

/// The nearest person who can help; lifeguards first. Null when no person can.
Agent* nearest_helper(CrowdState& state, const Agent& victim) {
  constexpr double kPreferred_m = 1000;  // by which a lifeguard counts as nearer
  Agent* best = nullptr;
  double best_m = std::numeric_limits<double>::max();
  for (Agent& agent : state.agents) {
    if (!may_help(state, agent)) continue;
    const double away_m =
        (agent.at - victim.at).length() - (state.person_of(agent).is_lifeguard ? kPreferred_m : 0);
    if (away_m < best_m) best_m = away_m, best = &agent;
  }
  return best;
}

void end_rescue(CrowdState& state, Agent& rescuer, Agent& victim) {
  DangerEvent& event = state.events[static_cast<size_t>(victim.event)];
  event.end_s = state.now_s;
  event.outcome = "rescued";
  victim.event = -1;
  victim.helped_by = -1;
  victim.velocity = {};
  victim.in_water = false;
  victim.carried_off = !state.random.chance(state.behaviours.rescue().recovers);
  begin_behaviour(state, victim, *state.behaviours.find("lying_rescued"));
  begin_behaviour(state, rescuer, *state.behaviours.find("tending"));
  rescuer.remaining_s = victim.remaining_s;
  rescuer.helps = -1;
}

}  // namespace

bool is_in_rescue(const CrowdState& state, const Agent& agent) {
  return agent.helps >= 0 || agent.helped_by >= 0 || is_named(state, agent, "tending") ||
         is_named(state, agent, "lying_rescued");
}

void begin_rescues(CrowdState& state) {
  for (Agent& victim : state.agents) {
    if (victim.event < 0 || victim.helped_by >= 0 || state.now_s < victim.rescue_s ||
        !victim.in_water || victim.crosses_rim)
      continue;
    Agent* helper = nearest_helper(state, victim);
    if (helper == nullptr) continue;
    helper->helps = state.person_of(victim).id;
    helper->signal = 0;
    victim.helped_by = state.person_of(*helper).id;
    begin_behaviour(
        state, *helper,
        *state.behaviours.find(helper->in_water ? "swimming_to_help" : "hurrying_to_help"));
  }
}

bool begin_next_of_rescue(CrowdState& state, Agent& agent) {
  Agent* victim = state.find(agent.helps);
  if (victim == nullptr || victim->event < 0) {
    agent.helps = -1;
    return false;
  }
  if (is_named(state, agent, "towing") && !agent.in_water) {
    end_rescue(state, agent, *victim);
    return true;
  }
  begin_behaviour(state, agent,
                  *state.behaviours.find(agent.in_water ? "swimming_to_help" : "hurrying_to_help"));
  return true;
}

std::optional<Point> rescue_velocity(CrowdState& state, Agent& agent) {
  Agent* victim = state.find(agent.helps);
  if (victim == nullptr || victim->event < 0) return std::nullopt;
  const Pool& pool = state.pool;
  const bool tows = is_named(state, agent, "towing");
  if (agent.in_water && !tows) {
    if ((victim->at - agent.at).length() >= kReach_m)
      return velocity_along(agent, route(pool, agent.at, victim->at, true).back());
    begin_behaviour(state, agent, *state.behaviours.find("towing"));
    begin_behaviour(state, *victim, *state.behaviours.find("towed"));
    return Point{};
  }
  // On the deck to the rim nearest to the victim; in the water with the victim to the nearest rim.
  constexpr double kDeckRim_m = 0.35, kAtRim_m = 0.2;
  const Point rim = pool.rim(tows ? agent.at : victim->at);
  const Point in = inward_from(pool, rim);
  const Point before = tows ? rim + in * kDeckRim_m : rim - in * kDeckRim_m;
  if ((before - agent.at).length() > kAtRim_m)
    return velocity_along(agent, tows ? before : route(pool, agent.at, before, false).back());
  // Straight over the rim, from wherever the rescuer has got to.
  constexpr double kBeyond_m = 1.5;
  agent.crosses_rim = true;
  agent.crossing_direction = unit(rim + in * (tows ? -kBeyond_m : kBeyond_m) - agent.at);
  return agent.crossing_direction * agent.speed_mps;
}

void follow_rescuer(CrowdState& state, Agent& agent, double by_s) {
  const Agent* rescuer = state.find(agent.helped_by);
  if (rescuer == nullptr) return;
  // The rescuer swims ahead, or stands at the rim and draws the other out.
  const Point back = unit(agent.at - rescuer->at) * kHold_m;
  Point way = rescuer->at + back - agent.at;
  constexpr double kDrawn_mps = 1.2;
  if (way.length() > kDrawn_mps * by_s) way = unit(way) * (kDrawn_mps * by_s);
  agent.velocity = way * (1 / by_s);
  agent.at = agent.at + way;
  agent.in_water = state.pool.is_water(agent.at);
}

}  // namespace lido::synth
