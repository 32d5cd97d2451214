// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lido/synth/camera.h"
#include "lido/synth/person.h"
#include "lido/synth/pool.h"

namespace lido::synth {

/// One written scene: who does what, when and where.
struct Scene {
  double seed = 1;
  double rate_hz = 10;
  double duration_s = 120;
  Pool pool;
  std::vector<Person> people;
  // For pictures; none are drawn without cameras.
  std::vector<Camera> cameras;
  std::string light = "clear";
  double wave_m = 0.03;
  double turbidity = 0.05;
  /// Of the water, over where it usually is; pool and cameras have it taken in.
  double level_m = 0;
};

/// Reads a scene. What may be left out is drawn from its seed.
/// @return kInvalidArgument with file and line for what cannot be: a pool of no depth, somebody in
/// a wall, swimming on dry land, time that runs backwards.
Result<Scene> read_scene(const Yaml& node, const Behaviours& behaviours);

}  // namespace lido::synth
