// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/motion.h"

#include <algorithm>
#include <cmath>

namespace lido::synth {
namespace {

/// Stature for which behaviours.yaml gives heights of the mouth.
constexpr double kReferenceStature_m = 1.7;
/// Time in which one behaviour becomes another, unless the data has an onset.
constexpr double kBlend_s = 0.6;
/// Trunks nearer to upright than this are carried by legs.
constexpr double kUpright_deg = 30, kCrouching_deg = 60;

double smooth(double share) { return share * share * (3 - 2 * share); }
double in_radians(double degrees) { return degrees * M_PI / 180; }

/// Lets the mouth dip and come up again.
void advance_dips(const Dips& dips, Motion& motion, double by_s, Random& random) {
  constexpr double kWay_s = 0.35;
  motion.dip_left_s -= by_s;
  if (motion.dip_left_s <= 0) {
    motion.under = !motion.under;
    if (motion.under) {
      motion.dip_left_s = dips.for_s.draw(random) * motion.longer;
      motion.dip_deep_m = dips.deep_m.draw(random);
      motion.longer *= random.between(dips.longer_min, dips.longer_max);
    } else {
      motion.dip_left_s = dips.between_s.draw(random) * motion.strength;
    }
  }
  motion.dip_share =
      std::clamp(motion.dip_share + (motion.under ? by_s : -by_s) / kWay_s, 0.0, 1.0);
}

/// Minimum height of the mouth over the floor, metres.
double min_over_floor_m(const Behaviour& behaviour, double tilt_deg, double stature_m) {
  // Statures. Arms of those who swim reach down.
  constexpr double kLying = 0.1, kSwimming = 0.35, kCrouched = 0.5, kHanging = 0.3;
  // Those who sink lean over as the floor asks for.
  if (behaviour.sinks() || behaviour.place == Place::kBottom) return kLying * stature_m;
  const double tilt = std::abs(tilt_deg);
  if (tilt <= kCrouching_deg) return kCrouched * stature_m;
  if (tilt > 180 - kCrouching_deg) return kHanging * stature_m;
  const double upright = std::cos(in_radians(tilt)) / std::cos(in_radians(kCrouching_deg));
  const double level = behaviour.path == Path::kStay ? kLying : kSwimming;
  return (level + (kCrouched - level) * std::max(0.0, upright)) * stature_m;
}

double mouth_on_land_m(const CrowdState& state, const Agent& agent, const Motion& motion,
                       double upright_m) {
  const Behaviour& behaviour = state.behaviours[motion.behaviour];
  constexpr double kSittingShare = 0.45;  // share of the height standing
  constexpr double kLying_m = 0.12;
  const double deck_m = state.pool.freeboard_m;
  if (const auto over_floor = behaviour.postures[motion.posture].over_floor)
    return deck_m + *over_floor * state.person_of(agent).stature_m;
  if (behaviour.place == Place::kEdge) return deck_m + kSittingShare * upright_m;
  if (std::abs(agent.tilt_deg) > kCrouching_deg && behaviour.path == Path::kStay)
    return deck_m + kLying_m;
  return deck_m + upright_m;
}

/// Height of the mouth by one of the agent's two motions.
double mouth_by_motion_m(const CrowdState& state, const Agent& agent, const Motion& motion) {
  const Behaviour& behaviour = state.behaviours[motion.behaviour];
  const Person& person = state.person_of(agent);
  const Posture& posture = behaviour.postures[motion.posture];
  const double tilt_deg = posture.tilt_deg;
  const double upright_m = person.mouth_m() * std::cos(in_radians(std::min(80.0, tilt_deg)));
  if (!agent.in_water) return mouth_on_land_m(state, agent, motion, upright_m);
  const double scale = person.stature_m / kReferenceStature_m;
  const double depth_m = state.pool.depth_m(agent.at);
  const Rhythm& rhythm = behaviour.head_period_s > 0 ? motion.head : motion.limbs;
  const double moves_m = scale * behaviour.head_amplitude_m * agent.style.size * rhythm.size() *
                         motion.strength * std::sin(2 * M_PI * rhythm.periods());
  double mouth_m = posture.over_floor ? *posture.over_floor * person.stature_m - depth_m
                   : behaviour.is_wet()
                       ? scale * (behaviour.head_m + behaviour.head_spread_m * motion.head_offset)
                       : 0.1;
  mouth_m += moves_m;
  // People stand where they can, unless they swim or are in danger.
  const double standing_m = upright_m - depth_m;
  if (behaviour.stands && behaviour.danger == Danger::kNone && tilt_deg < kUpright_deg &&
      !posture.over_floor)
    mouth_m = std::max(mouth_m, standing_m + moves_m / 4);
  if (motion.dip_share > 0)
    mouth_m += smooth(motion.dip_share) *
               std::min(0.0, -scale * motion.dip_deep_m - mouth_m + moves_m / 4);
  if (!behaviour.crosses_rim() && !behaviour.follows())
    mouth_m = std::min(mouth_m, max_mouth_m(tilt_deg, standing_m, person.stature_m));
  return std::max(mouth_m, min_over_floor_m(behaviour, tilt_deg, person.stature_m) - depth_m);
}

/// Angle by which a body that sinks must lean over to fit between its mouth and the floor.
double fitting_tilt_deg(const CrowdState& state, const Agent& agent) {
  const Person& person = state.person_of(agent);
  constexpr double kLying = 0.1;  // statures
  const double over_floor_m = agent.mouth_m + state.pool.depth_m(agent.at);
  const double share =
      (over_floor_m - kLying * person.stature_m) / (person.mouth_m() - kLying * person.stature_m);
  return std::acos(std::clamp(share, 0.0, 1.0)) * 180 / M_PI;
}

}  // namespace

double max_mouth_m(double tilt_deg, double standing_m, double stature_m) {
  // An assumption: treading lifts the mouth by a hand, a stroke by two, a leap off the floor by
  // three.
  constexpr double kTreading_m = 0.12, kStroke_m = 0.2, kLeap_m = 0.3;
  const double scale = stature_m / kReferenceStature_m;
  const double afloat_m = scale * (std::abs(tilt_deg) < kUpright_deg ? kTreading_m : kStroke_m);
  return std::max(afloat_m, standing_m + scale * kLeap_m);
}

LimbMotion limbs_of(const Motion& motion, const Style& style) {
  return {motion.limbs.periods(), motion.limbs.sides_offset(),
          style.size * motion.limbs.size() * motion.strength};
}

void begin_motion(CrowdState& state, Agent& agent) {
  const Behaviour& behaviour = state.behaviour_of(agent);
  const Variation& variation = state.behaviours.variation();
  Random& random = agent.motion_random;
  const bool first = agent.now.since_s < 0;
  agent.before = agent.now;
  agent.now = {.behaviour = agent.behaviour, .since_s = 0};
  Motion& now = agent.now;
  std::vector<double> weights;
  for (const Posture& posture : behaviour.postures) weights.push_back(posture.weight);
  now.posture = random.pick(weights);
  now.limbs.begin(variation, random);
  now.head.begin(variation, random);
  constexpr double kMax = 2.5;  // deviations
  now.head_offset = std::clamp(random.normal(), -kMax, kMax);
  now.tilt_offset = std::clamp(random.normal(), -kMax, kMax);
  now.turn_radps = in_radians(behaviour.turn_degps.draw(random)) * (random.chance(0.5) ? 1 : -1);
  now.sink_mps = behaviour.sinks() ? behaviour.sink_mps.draw(random) : agent.before.sink_mps;
  now.onset_s = behaviour.onset_s.max > 0 ? behaviour.onset_s.draw(random) : kBlend_s;
  if (behaviour.dips) now.dip_left_s = behaviour.dips->between_s.draw(random) * random.unit();
  if (!first) return;
  agent.before = now;
  now.since_s = now.onset_s;
  const Posture& posture = behaviour.postures[now.posture];
  agent.tilt_deg = posture.signed_tilt(posture.tilt_deg);
}

void advance_motion(const CrowdState& state, Agent& agent, double by_s) {
  const Variation& variation = state.behaviours.variation();
  Random& random = agent.motion_random;
  agent.now.since_s += by_s;
  agent.share = smooth(std::clamp(agent.now.since_s / agent.now.onset_s, 0.0, 1.0));
  const auto advance = [&](Motion& motion) {
    const Behaviour& behaviour = state.behaviours[motion.behaviour];
    // People walk at the pace of their legs' length, and differ less.
    const double pace = behaviour.is_wet() ? agent.style.pace : std::sqrt(agent.style.pace);
    const double period_s = behaviour.postures[motion.posture].limbs.period_s;
    motion.limbs.advance(variation, period_s, pace * (0.5 + 0.5 * motion.strength), by_s, random);
    if (behaviour.head_period_s > 0)
      motion.head.advance(variation, behaviour.head_period_s, pace, by_s, random);
    if (behaviour.dips) advance_dips(*behaviour.dips, motion, by_s, random);
  };
  advance(agent.now);
  if (agent.share < 1) advance(agent.before);
  const Behaviour& behaviour = state.behaviour_of(agent);
  if (behaviour.weakens_over_s > 0) {
    const double left = std::clamp(agent.remaining_s / behaviour.weakens_over_s, 0.0, 1.0);
    agent.now.strength = behaviour.weakens_to + (1 - behaviour.weakens_to) * left;
  }
  agent.heading_rad += agent.now.turn_radps * agent.share * by_s;
}

double desired_mouth_m(const CrowdState& state, const Agent& agent) {
  const double now_m = mouth_by_motion_m(state, agent, agent.now);
  if (agent.share >= 1 || state.behaviour_of(agent).sinks()) return now_m;
  return now_m + (1 - agent.share) * (mouth_by_motion_m(state, agent, agent.before) - now_m);
}

void move_mouth(const CrowdState& state, Agent& agent, double by_s) {
  const Behaviour& behaviour = state.behaviour_of(agent);
  constexpr double kMove_mps = 1.5, kLeap_mps = 4, kSinkingGain_s = 1.5;
  const bool sinks = behaviour.sinks() ||
                     (behaviour.place == Place::kBottom && behaviour.danger == Danger::kDrowning);
  double speed_mps = agent.crosses_rim ? kLeap_mps : kMove_mps;
  if (sinks && agent.now.sink_mps > 0) {
    const double gain_mps = agent.now.sink_mps / kSinkingGain_s * by_s;
    agent.sinking_mps = std::min(agent.now.sink_mps, agent.sinking_mps + gain_mps);
    speed_mps = agent.sinking_mps;
  } else {
    agent.sinking_mps = 0;
  }
  const double max_m = speed_mps * by_s;
  agent.mouth_m += std::clamp(desired_mouth_m(state, agent) - agent.mouth_m, -max_m, max_m);
}

void move_trunk(const CrowdState& state, Agent& agent, double by_s) {
  const Behaviour& behaviour = state.behaviour_of(agent);
  const Variation& variation = state.behaviours.variation();
  const Posture& posture = behaviour.postures[agent.now.posture];
  const double tilt_deg =
      std::max(0.0, posture.tilt_deg + posture.tilt_spread_deg * agent.now.tilt_offset);
  double wanted_deg = posture.signed_tilt(tilt_deg);
  if (behaviour.is_wet())
    wanted_deg += behaviour.drift * variation.tilt_deg *
                  smooth_noise(agent.seed, agent.behaviour, state.now_s, variation.pace_s);
  const bool sinks = agent.in_water && (behaviour.sinks() || behaviour.place == Place::kBottom);
  // Time in which the trunk goes most of its way.
  constexpr double kQuick_s = 0.3, kSinking_s = 2;
  const double slow_s = std::max(sinks ? kSinking_s : kQuick_s, agent.now.onset_s / 3);
  agent.tilt_deg += (wanted_deg - agent.tilt_deg) * (1 - std::exp(-by_s / slow_s));
  if (!sinks) return;
  const double min_deg = fitting_tilt_deg(state, agent);
  if (std::abs(agent.tilt_deg) < min_deg)
    agent.tilt_deg = std::copysign(min_deg, posture.signed_tilt(1));
}

bool lies_on_floor(const CrowdState& state, const Agent& agent) {
  constexpr double kNear_m = 0.02;
  return agent.mouth_m < desired_mouth_m(state, agent) + kNear_m;
}

}  // namespace lido::synth
