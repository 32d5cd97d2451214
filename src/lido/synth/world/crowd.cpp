// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/crowd.h"

#include <algorithm>
#include <cmath>

#include "lido/synth/world/agent.h"
#include "lido/synth/world/behaviour_choice.h"
#include "lido/synth/world/collision.h"
#include "lido/synth/world/path_following.h"

namespace lido::synth {

Crowd::~Crowd() = default;

Crowd::Crowd(const Pool& pool, const Behaviours& behaviours, std::vector<Person> people,
             std::vector<ScheduledIncident> incidents, Random random)
    : state_(std::make_unique<CrowdState>(
          CrowdState{.pool = pool, .behaviours = behaviours, .people = {}, .random = random})),
      incidents_(std::move(incidents)) {
  state_->people = std::move(people);
  std::ranges::sort(state_->people, {}, &Person::id);
  for (size_t i = 0; i < state_->people.size(); ++i) arrivals_.push_back(i);
  std::ranges::stable_sort(arrivals_, {}, [&](size_t i) { return state_->people[i].arrives_s; });
}

const std::vector<DangerEvent>& Crowd::events() const { return state_->events; }

const Person& Crowd::person(int64_t id) const {
  return state_->people[static_cast<size_t>(id - 1)];
}

bool Crowd::is_over() const { return next_arrival_ == arrivals_.size() && state_->agents.empty(); }

std::optional<double> Crowd::next_arrival_s() const {
  if (next_arrival_ == arrivals_.size()) return std::nullopt;
  return state_->people[arrivals_[next_arrival_]].arrives_s;
}

void Crowd::move_to(double to_s) {
  CrowdState& state = *state_;
  if (state.agents.empty()) {
    // Skips the time until the next arrival: an empty pool has nothing to move.
    const auto arrival_s = next_arrival_s();
    state.now_s = std::max(state.now_s, std::min(to_s, arrival_s.value_or(to_s)));
  }
  while (state.now_s < to_s - 1e-9) {
    const double by_s = std::min(kMaxStep_s, to_s - state.now_s);
    state.now_s += by_s;
    let_arrive();
    begin_incidents();
    step(by_s);
  }
  states_.clear();
  for (const Agent& agent : state.agents) {
    const bool signals = state.now_s >= agent.signal_from_s && state.now_s < agent.signal_to_s;
    states_.push_back({state.person_of(agent).id, agent.at, agent.mouth_m, agent.heading_rad,
                       agent.behaviour, agent.in_water, signals ? agent.signal : 0});
  }
}

void Crowd::let_arrive() {
  CrowdState& state = *state_;
  while (next_arrival_ < arrivals_.size() &&
         state.people[arrivals_[next_arrival_]].arrives_s <= state.now_s) {
    Agent agent;
    agent.person = arrivals_[next_arrival_++];
    const Person& person = state.person_of(agent);
    agent.at = person.at.value_or(state.pool.gate);
    agent.in_water = state.pool.is_water(agent.at);
    agent.fitness = state.random.between(0.8, 1.2);
    const bool is_minded = person.minded_by >= 0;
    if (!begin_scripted(state, agent))
      begin_behaviour(state, agent,
                      *state.behaviours.find(is_minded        ? "beside_grown_up"
                                             : agent.in_water ? "playing"
                                                              : "walking"));
    agent.mouth_m = desired_mouth_m(state, agent);
    state.agents.push_back(agent);
  }
}

void Crowd::begin_incidents() {
  CrowdState& state = *state_;
  while (next_incident_ < incidents_.size() && incidents_[next_incident_].at_s <= state.now_s) {
    const size_t behaviour = *state.behaviours.find(incidents_[next_incident_].behaviour);
    std::vector<Agent*> candidates;
    for (Agent& agent : state.agents) {
      const bool calm = state.behaviour_of(agent).danger == Danger::kNone;
      // A toddler who is carried over the rim is not a candidate.
      const bool clear = std::abs(state.pool.inside_m(agent.at)) > kDeckMargin_m;
      if (calm && clear && !agent.crosses_rim &&
          may_begin(state, agent, state.behaviours[behaviour]))
        candidates.push_back(&agent);
    }
    if (candidates.empty()) return;  // Waits for a suitable person.
    Agent& chosen =
        *candidates[static_cast<size_t>(state.random.whole(0, std::ssize(candidates) - 1))];
    chosen.leaves = false;
    begin_behaviour(state, chosen, behaviour);
    ++next_incident_;
  }
}

void Crowd::step(double by_s) {
  CrowdState& state = *state_;
  for (Agent& agent : state.agents) {
    const Behaviour& behaviour = state.behaviour_of(agent);
    agent.phase_s += by_s;
    agent.remaining_s -= by_s;
    if (behaviour.path == Path::kFollow) {
      follow_minder(state, agent, by_s);
    } else if (const auto desired = desired_velocity(state, agent, by_s)) {
      move_agent(state, agent, *desired, by_s);
    } else {
      choose_behaviour(state, agent);
      move_agent(state, agent, agent.velocity, by_s);
    }
    move_mouth(state, agent, by_s);
    if (agent.event >= 0)
      state.events[static_cast<size_t>(agent.event)].times.observe(
          behaviour.danger, behaviour.limbs, agent.mouth_m, state.now_s);
    if (behaviour.path != Path::kFollow && !behaviour.crosses_rim() && !agent.leaves &&
        agent.remaining_s <= 0)
      choose_behaviour(state, agent);
  }
  remove_departed();
}

void Crowd::remove_departed() {
  CrowdState& state = *state_;
  constexpr double kAtGate_m = 0.5;
  std::erase_if(state.agents, [&](Agent& agent) {
    const Behaviour& behaviour = state.behaviour_of(agent);
    const bool drowns = behaviour.danger == Danger::kDrowning;
    if (agent.event >= 0 && drowns && state.now_s >= agent.rescue_s) {
      DangerEvent& event = state.events[static_cast<size_t>(agent.event)];
      event.end_s = state.now_s;
      event.outcome = "rescued";
      return true;
    }
    if (behaviour.path == Path::kFollow)
      return state.find(state.person_of(agent).minded_by) == nullptr;
    return agent.leaves && (agent.at - state.pool.gate).length() < kAtGate_m;
  });
}

void Crowd::close() {
  for (Agent& agent : state_->agents) {
    if (agent.event < 0) continue;
    DangerEvent& event = state_->events[static_cast<size_t>(agent.event)];
    event.end_s = state_->now_s;
    event.outcome = "open";
    agent.event = -1;
  }
  state_->agents.clear();
  states_.clear();
}

}  // namespace lido::synth
