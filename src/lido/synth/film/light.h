// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/synth/film/scenery.h"

namespace lido::synth {

/// Sun, sky and lamps. Strengths are relative to a clear day's.
struct Light {
  std::string name;
  Vector3 sun{0.4, 0.3, 0.87};  ///< Direction toward the sun; unit length.
  Colour sunlight{1, 0.96F, 0.88F}, skylight{0.4F, 0.46F, 0.55F}, horizon{0.75F, 0.8F, 0.86F},
      zenith{0.3F, 0.48F, 0.75F};
  double lamps = 0;       ///< Strength of lamps under water.
  bool infrared = false;  ///< Night: the camera's own infrared lamp, grey images.
  double clouds = 0;      ///< Share of the sunlight that passing clouds take, 0 to 1.
};

/// The light of a moment: clouds pass within a minute or so.
Light light_at(const Light& light, double time_s);

/// Whether cameras need long exposure times.
bool is_night(const Light& light);

/// "clear", "passing_clouds", "cloudy", "low_sun", "dusk", "night_lamps", "infrared".
std::vector<std::string> light_names();

/// Draws the sun's direction for a kind of light.
/// @param name  One of light_names(); any other gives "clear" under that name.
Light light_named(const std::string& name, Random& random);

}  // namespace lido::synth
