// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/spray.h"

#include <algorithm>
#include <cmath>

#include "lido/synth/world/danger_times.h"

namespace lido::synth {
namespace {

constexpr double kStep_s = 0.05;
constexpr double kGravity_mps2 = 9.81;
/// Speed of a limb that splashes fully.
constexpr double kFullSpeed_mps = 2.5;
/// Slower limbs slip through the surface.
constexpr double kMinSpeed_mps = 0.5;
/// Time in which the water calms down by a factor of e.
constexpr double kCalm_s = 1.2;
constexpr size_t kMaxFlights = 4000;

/// COCO's numbers of the joints that splash: elbows, wrists, knees, ankles.
constexpr std::array<size_t, 8> kLimbs = {7, 8, 9, 10, 13, 14, 15, 16};

/// Positions of the limbs in the scene. Hands reach beyond the wrists.
std::vector<Vector3> limbs_of(const Bodies& bodies, const Subject& subject) {
  const auto points = keypoints(bodies, *subject.figure, subject.placed->posed);
  std::vector<Vector3> limbs;
  for (const size_t number : kLimbs) {
    const bool is_wrist = number == 9 || number == 10;
    constexpr double kHand = 0.5;
    const Vector3 end =
        is_wrist ? Vector3(points[number] + kHand * (points[number] - points[number - 2]))
                 : points[number];
    limbs.emplace_back(subject.placed->in_scene * end);
  }
  return limbs;
}

}  // namespace

void Spray::advance_to(double time_s) {
  while (static_cast<double>(steps_) * kStep_s <= time_s) step();
}

void Spray::step() {
  const double time_s = static_cast<double>(steps_) * kStep_s;
  std::erase_if(flights_, [&](const Flight& flight) { return flight.end_s < time_s; });
  const StagedPeople people = stage_people(context_, time_s);
  for (size_t i = 0; i < people.moments.size(); ++i) {
    Follower& follower = followers_[people.moments[i].state.person];
    follower.stir *= std::exp(-kStep_s / kCalm_s);
    if (people.subjects[i].in_water)
      follow(people.subjects[i], people.moments[i], follower, time_s);
    else
      follower.limbs.clear();
    follower.seen_step = steps_;
  }
  std::erase_if(followers_, [&](const auto& entry) { return entry.second.seen_step != steps_; });
  ++steps_;
}

void Spray::follow(const Subject& subject, const Moment& moment, Follower& follower,
                   double time_s) {
  const double day_s = context_.plan.begins_s + time_s;
  const std::vector<Vector3> limbs = limbs_of(context_.data.bodies, subject);
  const bool is_new = follower.limbs.empty();
  follower.limbs.resize(limbs.size());
  for (size_t i = 0; i < limbs.size(); ++i) {
    Limb& limb = follower.limbs[i];
    const double surface_m = context_.water.height(limbs[i].x(), limbs[i].y(), day_s);
    const bool under = limbs[i].z() < surface_m;
    const Vector3 velocity = is_new ? Vector3(0, 0, 0) : Vector3((limbs[i] - limb.at) / kStep_s);
    const double strength =
        std::clamp((velocity.norm() - kMinSpeed_mps) / kFullSpeed_mps, 0.0, 1.0);
    const bool crosses = !is_new && under != limb.under;
    // A hand that sweeps along the surface throws a little all the while.
    constexpr double kReach_m = 0.06, kSweep = 0.25;
    const bool sweeps = !is_new && std::abs(limbs[i].z() - surface_m) < kReach_m;
    if (strength > 0 && (crosses || sweeps)) {
      const double thrown = crosses ? strength : kSweep * strength;
      splash({limbs[i].x(), limbs[i].y(), surface_m}, velocity, thrown, time_s);
      follower.stir = std::min(1.0, follower.stir + 0.35 * thrown);
    }
    limb = {limbs[i], under};
  }
  const Vector3 lips = subject.placed->in_scene *
                       mouth(context_.data.bodies, *subject.figure, subject.placed->posed);
  const Behaviour& behaviour = context_.data.behaviours[moment.state.behaviour];
  const bool breathes = !are_still(behaviour.postures[moment.state.posture].limbs);
  constexpr double kMinDepth_m = 0.03, kBreath = 0.35;
  if (breathes && lips.z() < -kMinDepth_m && random_.chance(kBreath)) breathe_out(lips, time_s);
}

void Spray::splash(const Vector3& at, const Vector3& velocity, double strength, double time_s) {
  if (flights_.size() > kMaxFlights) return;
  const auto count = static_cast<int>(std::lround(4 + 26 * strength));
  const double speed_mps = velocity.norm();
  const auto aside = [&] { return random_.between(-0.45, 0.45) * speed_mps; };
  for (int i = 0; i < count; ++i) {
    const double up_mps = speed_mps * random_.between(0.25, 0.9);
    const Vector3 thrown(0.35 * velocity.x() + aside(), 0.35 * velocity.y() + aside(), up_mps);
    const bool is_mist = i % 6 == 0;
    const double radius_m =
        is_mist ? random_.between(0.04, 0.12) * (0.4 + strength) : random_.between(0.003, 0.012);
    flights_.push_back({time_s, time_s + 2 * up_mps / kGravity_mps2, at, thrown, radius_m,
                        is_mist ? 0.3 : 0.95,
                        is_mist ? Particle::Kind::kMist : Particle::Kind::kDrop});
  }
  // Air that the limb drags down rises again.
  const double deep_m = std::min(0.5, 0.12 * speed_mps);
  for (int i = 0; i < count; ++i) {
    const Vector3 from = at + Vector3(random_.between(-0.1, 0.1), random_.between(-0.1, 0.1),
                                      -deep_m * random_.between(0.1, 1));
    const double rise_mps = random_.between(0.12, 0.3);
    flights_.push_back({time_s,
                        time_s - from.z() / rise_mps,
                        from,
                        {0, 0, rise_mps},
                        random_.between(0.002, 0.014),
                        0.75,
                        Particle::Kind::kBubble});
  }
}

void Spray::breathe_out(const Vector3& mouth, double time_s) {
  if (flights_.size() > kMaxFlights) return;
  constexpr int kBubbles = 3;
  for (int i = 0; i < kBubbles; ++i) {
    const Vector3 from = mouth + 0.02 * Vector3(random_.normal(), random_.normal(), 0);
    const double rise_mps = random_.between(0.2, 0.35);
    flights_.push_back({time_s,
                        time_s - from.z() / rise_mps,
                        from,
                        {0, 0, rise_mps},
                        random_.between(0.003, 0.012),
                        0.8,
                        Particle::Kind::kBubble});
  }
}

std::vector<Particle> Spray::particles(double time_s) const {
  std::vector<Particle> particles;
  for (const Flight& flight : flights_) {
    if (time_s < flight.begin_s || time_s > flight.end_s) continue;
    const double t = time_s - flight.begin_s;
    Vector3 at = flight.from + t * flight.velocity;
    if (flight.kind == Particle::Kind::kBubble) {
      // Bubbles wobble as they rise.
      constexpr double kWobble_m = 0.012, kTurn_radps = 14;
      at.x() += kWobble_m * std::sin(kTurn_radps * time_s + 90 * flight.radius_m);
      at.y() += kWobble_m * std::cos(kTurn_radps * time_s + 70 * flight.radius_m);
    } else {
      at.z() -= kGravity_mps2 * t * t / 2;
    }
    particles.push_back({at, flight.radius_m, flight.opacity, flight.kind});
  }
  return particles;
}

double Spray::stir_of(int64_t person) const {
  const auto found = followers_.find(person);
  return found == followers_.end() ? 0 : found->second.stir;
}

}  // namespace lido::synth
