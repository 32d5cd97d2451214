// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lido/synth/body/body.h"
#include "lido/synth/world/crowd.h"
#include "lido/synth/world/limbs.h"

namespace lido::synth {

/// Joints turned by these angles, from a body that stands straight with hanging arms.
Pose pose_of(const Bodies& bodies, const Figure& figure, const Angles& angles);

/// A body where it is: posed, and moved from the standing figure into the scene.
struct Placed {
  Posed posed;
  Eigen::Affine3d in_scene;
};

/// What somebody does, and did before.
struct Moment {
  Stance stance;
  double began_s = 0;
  size_t before = 0;  ///< Behaviour.
  double before_began_s = 0;
  size_t signal = 0;        ///< The one that the hands give or gave last, from 1.
  double signal_share = 0;  ///< How far they are raised to it.
  double signal_began_s = 0;
};

/// A body as what it does says: limbs follow the behaviour, one behaviour passes into another over
/// half a second, and the mouth is where the stance has it; on land the lowest point is on the
/// deck.
Placed place_body(const Bodies& bodies, const Behaviours& behaviours, const Pool& pool,
                  const Figure& figure, const Moment& moment, double time_s);

/// How much limbs stir the water: 0 not at all, 1 as somebody who splashes.
double stir_of(const Limbs& limbs);

/// Everybody's moments from the beginning to the end, so that cameras of any rate see one life.
class Timeline {
 public:
  /// @param begins_s  Of the day; the crowd is before it.
  Timeline(Crowd& crowd, double begins_s, double duration_s);

  /// In between, people move straight and evenly.
  /// @param time_s  Since begins_s.
  std::vector<Moment> at(double time_s) const;
  /// Everybody who is there at some time, in order.
  std::vector<int64_t> people() const;

 private:
  std::vector<std::vector<Moment>> ticks_;
};

}  // namespace lido::synth
