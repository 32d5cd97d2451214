// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/geometry/site_use.h"
#include "lido/synth/film/simulated_camera.h"
#include "lido/synth/world/life.h"

namespace lido::synth {

/// A written scene: people and what they do, and how it is filmed.
struct Scene : ScriptedDay {
  std::vector<SimulatedCamera> cameras;  ///< Empty: tables only, no video.
  std::string light = "clear";           ///< A name of light_names().
  double wave_m = 0.03;
  double turbidity = 0.05;
  /// Height of the water over its usual level, metres. Heights of `pool` and `cameras` are relative
  /// to the water as it is.
  double level_m = 0;
  double level_shift_m = 0;  ///< How far the file's heights were moved to be over the water.
  double water_index = geometry::kWaterRefractiveIndex;
  geometry::SiteUse use;  ///< Zones and hours: written to the film's site.yaml.
};

/// Reads a scene. Draws pool, sexes and statures that it leaves out from its seed.
/// @return kInvalidArgument with file and line, as for a pool without depth, a person in a wall, or
/// swimming on dry land.
Result<Scene> read_scene(const Yaml& node, const Behaviours& behaviours);

}  // namespace lido::synth
