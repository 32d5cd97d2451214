// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lido/synth/body/body.h"
#include "lido/synth/world/crowd.h"
#include "lido/synth/world/limbs.h"

namespace lido::synth {

/// Pose with the joints turned by angles, from a body that stands straight with hanging arms.
BodyPose pose_of(const Bodies& bodies, const Figure& figure, const Angles& angles);

/// A posed body and its position: `in_scene` maps the posed body's axes to the scene's.
struct PlacedBody {
  Posed posed;
  Eigen::Affine3d in_scene;
};

/// A person's state, with the hands' way to a signal. Times are seconds since the timeline's begin.
struct Moment {
  PersonState state;
  size_t signal = 0;        ///< Index of the present or last signal, from 1; 0 for none.
  double signal_share = 0;  ///< How far hands are raised to the signal: 0 not, 1 fully.
  double signal_began_s = 0;
};

/// Poses and places a body as its behaviour describes.
///
/// In water, the mouth is where the state has it, unless the body would go through the floor: legs
/// fold first, then the body rises. On land, the lowest point is on the deck.
PlacedBody place_body(const Bodies& bodies, const Behaviours& behaviours, const Pool& pool,
                      const Figure& figure, const Moment& moment, double time_s);

/// Moments of all people over a while, so that cameras of any frame rate see one life. Safe for
/// concurrent reads.
class Timeline {
 public:
  /// Moves the crowd through the whole time.
  /// @param begins_s  Seconds of the day; not before the crowd's present.
  Timeline(Crowd& crowd, double begins_s, double duration_s);

  /// People present at a time, interpolated linearly between steps of 0.1 s.
  /// @param time_s  Seconds since begins_s; clamped to the duration.
  std::vector<Moment> at(double time_s) const;
  /// Ids of all people who are present at some time, ascending.
  std::vector<int64_t> people() const;

 private:
  std::vector<std::vector<Moment>> ticks_;
};

}  // namespace lido::synth
