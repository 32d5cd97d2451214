// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/behaviour_choice.h"

#include <algorithm>

#include "lido/synth/world/motion.h"
#include "lido/synth/world/path_following.h"
#include "lido/synth/world/rescue.h"
#include "lido/synth/world/route.h"

namespace lido::synth {
namespace {

/// Draws the signal that a person gives during the behaviour, if any.
void draw_signal(CrowdState& state, Agent& agent) {
  agent.signal = 0;
  const auto& signals = state.behaviours.signals();
  for (size_t i = 0; i < signals.size(); ++i) {
    const Signal& signal = signals[i];
    if (std::ranges::find(signal.with, agent.behaviour) == signal.with.end() ||
        !state.random.chance(signal.often))
      continue;
    agent.signal = i + 1;
    agent.signal_from_s = state.now_s + state.random.between(0.5, 0.3 * agent.remaining_s + 0.6);
    agent.signal_to_s = agent.signal_from_s + signal.duration_s.draw(state.random);
  }
}

/// Opens, extends or closes the danger event of a person who begins a behaviour.
void record_danger(CrowdState& state, Agent& agent) {
  const Behaviour& behaviour = state.behaviour_of(agent);
  if (behaviour.danger == Danger::kNone) {
    agent.helped_by = -1;
    if (agent.event < 0) return;
    DangerEvent& event = state.events[static_cast<size_t>(agent.event)];
    event.end_s = state.now_s;
    event.outcome = "recovered";
    agent.event = -1;
    return;
  }
  if (agent.event < 0) {
    agent.event = static_cast<int>(state.events.size());
    state.events.push_back(
        {state.person_of(agent).id, behaviour.name, behaviour.danger, state.now_s, 0, ""});
    agent.rescue_s = state.now_s + state.behaviours.rescue().notice_s.draw(state.random);
  }
  DangerEvent& event = state.events[static_cast<size_t>(agent.event)];
  if (behaviour.danger == Danger::kDrowning) event.worst = Danger::kDrowning;
}

void begin_leaving(CrowdState& state, Agent& agent) {
  if (agent.in_water) return begin_behaviour(state, agent, *state.behaviours.find("climbing_out"));
  begin_behaviour(state, agent, *state.behaviours.find("walking"));
  agent.leaves = true;
  agent.waypoints = route(state.pool, agent.at, state.pool.gate, false);
}

}  // namespace

bool may_begin(const CrowdState& state, const Agent& agent, const Behaviour& behaviour) {
  const Person& person = state.person_of(agent);
  if (!behaviour.is_for(person.group())) return false;
  if (behaviour.is_wet() != agent.in_water) return false;
  if (agent.in_water &&
      !behaviour.fits_depth(state.pool.depth_m(agent.at), person.stature_m, person.group()))
    return false;
  if (behaviour.path == Path::kHelp || behaviour.path == Path::kTowed) return false;
  if (behaviour.danger != Danger::kNone) return true;
  if (person.minds_toddler && !behaviour.while_minding) return false;
  if (person.is_staff() && (behaviour.path == Path::kEnter || behaviour.path == Path::kRunIn ||
                            behaviour.place == Place::kEdge))
    return false;
  constexpr double kMinDivingDepth_m = 1.2;
  return behaviour.path != Path::kRunIn || state.pool.deep_m >= kMinDivingDepth_m;
}

void begin_behaviour(CrowdState& state, Agent& agent, size_t index) {
  const Behaviour& behaviour = state.behaviours[index];
  agent.behaviour = index;
  agent.remaining_s = behaviour.duration_s.draw(state.random);
  agent.speed_mps =
      behaviour.speed_mps.draw(state.random) * agent.fitness * speed_factor(state.person_of(agent));
  begin_motion(state, agent);
  draw_signal(state, agent);
  plan_path(state, agent);
  record_danger(state, agent);
}

bool begin_scripted(CrowdState& state, Agent& agent) {
  const Person& person = state.person_of(agent);
  if (agent.next_scripted == person.script.size()) return false;
  const Person::ScriptedBehaviour& next = person.script[agent.next_scripted++];
  begin_behaviour(state, agent, next.behaviour);
  if (next.for_s) agent.remaining_s = *next.for_s;
  agent.script_ended = false;
  agent.signal = next.signal;
  agent.signal_from_s = state.now_s;
  agent.signal_to_s = state.now_s + agent.remaining_s;
  return true;
}

namespace {

/// Draws one of the present behaviour's successors that may begin here.
/// @return Nothing when none may.
std::optional<size_t> draw_next(CrowdState& state, const Agent& agent) {
  std::vector<double> weights;
  std::vector<size_t> next;
  for (const auto& [behaviour, weight] : state.behaviour_of(agent).next) {
    if (!may_begin(state, agent, state.behaviours[behaviour])) continue;
    next.push_back(behaviour);
    weights.push_back(weight);
  }
  if (next.empty()) return std::nullopt;
  return next[state.random.pick(weights)];
}

}  // namespace

void choose_behaviour(CrowdState& state, Agent& agent) {
  if (agent.helps >= 0 && begin_next_of_rescue(state, agent)) return;
  if (begin_scripted(state, agent)) return;
  agent.script_ended = true;
  const Behaviour& now = state.behaviour_of(agent);
  if (now.danger == Danger::kNone && state.now_s >= state.person_of(agent).leaves_s)
    return begin_leaving(state, agent);
  // A toddler who is well goes back to the one who minds them.
  if (now.danger == Danger::kNone && state.person_of(agent).minded_by >= 0 &&
      state.find(state.person_of(agent).minded_by) != nullptr)
    return begin_behaviour(
        state, agent, *state.behaviours.find(agent.in_water ? "held_in_water" : "beside_grown_up"));
  const auto next = draw_next(state, agent);
  begin_behaviour(state, agent,
                  next ? *next : *state.behaviours.find(agent.in_water ? "playing" : "standing"));
}

void choose_minded(CrowdState& state, Agent& agent) {
  const auto next = draw_next(state, agent);
  begin_behaviour(
      state, agent,
      next ? *next : *state.behaviours.find(agent.in_water ? "held_in_water" : "beside_grown_up"));
}

}  // namespace lido::synth
