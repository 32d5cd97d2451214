// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/crowd.h"

#include <algorithm>
#include <cmath>

#include "lido/synth/world/agent.h"
#include "lido/synth/world/behaviour_choice.h"
#include "lido/synth/world/collision.h"
#include "lido/synth/world/motion.h"
#include "lido/synth/world/path_following.h"
#include "lido/synth/world/rescue.h"

namespace lido::synth {

namespace {

/// Keeps streams of motion apart from those of films and choices.
constexpr uint64_t kMotionStream = 0x4D4F54494F4EULL;

}  // namespace

Crowd::~Crowd() = default;

Crowd::Crowd(const Pool& pool, const Behaviours& behaviours, std::vector<Person> people,
             std::vector<ScheduledIncident> incidents, Random random)
    : state_(std::make_unique<CrowdState>(
          CrowdState{.pool = pool, .behaviours = behaviours, .people = {}, .random = random})),
      motion_random_(random.split(kMotionStream)),
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
    begin_rescues(state);
    step(by_s);
  }
  states_.clear();
  for (const Agent& agent : state.agents) {
    const bool signals = state.now_s >= agent.signal_from_s && state.now_s < agent.signal_to_s;
    states_.push_back({.person = state.person_of(agent).id,
                       .at = agent.at,
                       .mouth_m = agent.mouth_m,
                       .heading_rad = agent.heading_rad,
                       .behaviour = agent.behaviour,
                       .in_water = agent.in_water,
                       .signal = signals ? agent.signal : 0,
                       .tilt_deg = agent.tilt_deg,
                       .posture = agent.now.posture,
                       .limbs = limbs_of(agent.now, agent.style),
                       .previous = agent.before.behaviour,
                       .previous_posture = agent.before.posture,
                       .previous_limbs = limbs_of(agent.before, agent.style),
                       .share = agent.share,
                       .motion_seed = agent.seed});
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
    // Motions are drawn from a stream of the person's own.
    agent.motion_random = motion_random_.split(static_cast<uint64_t>(person.id));
    agent.seed = agent.motion_random.next();
    agent.style = random_style(state.behaviours.variation(), agent.motion_random);
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
  // Incidents that wait for a suitable person look for one once a second.
  constexpr double kCheck_s = 1;
  if (state.now_s < next_check_s_) return;
  next_check_s_ = state.now_s + kCheck_s;
  for (auto incident = incidents_.begin();
       incident != incidents_.end() && incident->at_s <= state.now_s;) {
    const size_t behaviour = *state.behaviours.find(incident->behaviour);
    std::vector<Agent*> candidates;
    for (Agent& agent : state.agents) {
      const bool calm = state.behaviour_of(agent).danger == Danger::kNone;
      // A toddler who is carried over the rim is not a candidate.
      const bool clear = std::abs(state.pool.inside_m(agent.at)) > kDeckMargin_m;
      if (calm && clear && !is_in_rescue(state, agent) && !agent.crosses_rim &&
          may_begin(state, agent, state.behaviours[behaviour]))
        candidates.push_back(&agent);
    }
    if (candidates.empty()) {
      ++incident;
      continue;
    }
    Agent& chosen =
        *candidates[static_cast<size_t>(state.random.whole(0, std::ssize(candidates) - 1))];
    chosen.leaves = false;
    begin_behaviour(state, chosen, behaviour);
    incident = incidents_.erase(incident);
  }
}

void Crowd::step(double by_s) {
  CrowdState& state = *state_;
  for (Agent& agent : state.agents) {
    const Behaviour& behaviour = state.behaviour_of(agent);
    advance_motion(state, agent, by_s);
    agent.remaining_s -= by_s;
    if (behaviour.path == Path::kTowed) {
      follow_rescuer(state, agent, by_s);
    } else if (behaviour.path == Path::kFollow) {
      follow_minder(state, agent, by_s);
      if (agent.in_water != behaviour.is_wet() || agent.remaining_s <= 0)
        choose_minded(state, agent);
    } else if (const auto desired = desired_velocity(state, agent, by_s)) {
      move_agent(state, agent, *desired, by_s);
    } else {
      choose_behaviour(state, agent);
      move_agent(state, agent, agent.velocity, by_s);
    }
    move_mouth(state, agent, by_s);
    move_trunk(state, agent, by_s);
    if (agent.event >= 0) {
      const Behaviour& now = state.behaviour_of(agent);
      state.events[static_cast<size_t>(agent.event)].times.observe(
          now.danger, now.postures[agent.now.posture].limbs, agent.mouth_m, state.now_s);
    }
    if (state.behaviour_of(agent).sinks() && lies_on_floor(state, agent)) agent.remaining_s = 0;
    if (!behaviour.follows() && !behaviour.crosses_rim() && !agent.leaves && agent.remaining_s <= 0)
      choose_behaviour(state, agent);
  }
  remove_departed();
}

void Crowd::remove_departed() {
  CrowdState& state = *state_;
  constexpr double kAtGate_m = 0.5, kGivenUp_s = 300;
  std::erase_if(state.agents, [&](Agent& agent) {
    const Behaviour& behaviour = state.behaviour_of(agent);
    // Where no person present can help, people from outside do, unseen.
    if (agent.event >= 0 && behaviour.danger == Danger::kDrowning && agent.helped_by < 0 &&
        state.now_s >= agent.rescue_s + kGivenUp_s) {
      DangerEvent& event = state.events[static_cast<size_t>(agent.event)];
      event.end_s = state.now_s;
      event.outcome = "rescued";
      return true;
    }
    if (behaviour.path == Path::kFollow)
      return state.find(state.person_of(agent).minded_by) == nullptr;
    if (agent.carried_off && agent.remaining_s <= kMaxStep_s) return true;
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
