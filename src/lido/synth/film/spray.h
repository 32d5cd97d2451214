// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <vector>

#include "lido/synth/film/frame_truth.h"

namespace lido::synth {

/// Drops, mist and bubbles of the people of a film, and how much each person stirs the water.
///
/// Hands and feet that cross the surface throw drops and drag bubbles down; mouths under water
/// breathe bubbles out, unless the limbs are still. Nothing depends on a behaviour's name. Follows
/// the people at fixed times, so that every camera sees the same. Not thread-safe.
class Spray {
 public:
  /// @param context  Must outlive the object.
  /// @param seed  Seed of the drops.
  Spray(const FilmContext& context, uint64_t seed) : context_(context), random_(seed) {}

  /// Moves on to a time, seconds after the first frame; never back.
  void advance_to(double time_s);
  /// Particles in flight or rising at a time within the step that advance_to() reached.
  std::vector<Particle> particles(double time_s) const;
  /// How much a person stirs the surface now: 0 not at all, 1 splashes.
  double stir_of(int64_t person) const;

 private:
  /// A particle on its way: thrown into the air, or rising under water.
  struct Flight {
    double begin_s, end_s;
    Vector3 from, velocity;
    double radius_m, opacity;
    Particle::Kind kind;
  };
  /// A hand, foot, elbow or knee, which may cross the surface.
  struct Limb {
    Vector3 at;
    bool under = false;
  };
  struct Follower {
    std::vector<Limb> limbs;
    double stir = 0;
    int64_t seen_step = -1;
  };
  void step();
  void follow(const Subject& subject, const Moment& moment, Follower& follower, double time_s);
  void splash(const Vector3& at, const Vector3& velocity, double strength, double time_s);
  void breathe_out(const Vector3& mouth, double time_s);

  const FilmContext& context_;
  Random random_;
  std::map<int64_t, Follower> followers_;
  std::vector<Flight> flights_;
  int64_t steps_ = 0;  ///< Steps of kStep_s so far.
};

}  // namespace lido::synth
