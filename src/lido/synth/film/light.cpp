// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/light.h"

#include <algorithm>
#include <cmath>

namespace lido::synth {

std::vector<std::string> light_names() {
  return {"clear", "passing_clouds", "cloudy", "low_sun", "dusk", "night_lamps", "infrared"};
}

bool is_night(const Light& light) {
  constexpr float kMinDaylight = 0.3F;
  return light.infrared || light.sunlight.maxCoeff() + light.skylight.maxCoeff() < kMinDaylight;
}

Light light_at(const Light& light, double time_s) {
  if (light.clouds <= 0) return light;
  Light now = light;
  // Product of two slow sine waves: clouds come and go irregularly.
  const double cover = std::sin(2 * M_PI * time_s / 47) * std::sin(2 * M_PI * time_s / 71 + 1.3);
  const double taken = light.clouds * std::clamp(cover + 0.3, 0.0, 1.0);
  now.sunlight *= static_cast<float>(1 - taken);
  now.skylight *= static_cast<float>(1 + 0.25 * taken);
  return now;
}

Light light_named(const std::string& name, Random& random) {
  const auto towards = [&](double min_deg, double max_deg) -> Vector3 {
    const double up = random.between(min_deg, max_deg) * M_PI / 180,
                 round = random.between(0, 2 * M_PI);
    return {std::cos(up) * std::cos(round), std::cos(up) * std::sin(round), std::sin(up)};
  };
  Light light{.name = name};
  light.sun = towards(35, 70);
  if (name == "passing_clouds") {
    light.clouds = 0.85;
  } else if (name == "cloudy") {
    light.sunlight = Colour(0.12F, 0.12F, 0.12F);
    light.skylight = Colour(0.72F, 0.74F, 0.77F);
    light.horizon = Colour(0.78F, 0.8F, 0.82F);
    light.zenith = Colour(0.62F, 0.65F, 0.7F);
  } else if (name == "low_sun") {
    light.sun = towards(12, 25);
    light.sunlight = Colour(1.0F, 0.78F, 0.52F);
    light.skylight = Colour(0.34F, 0.38F, 0.47F);
    light.horizon = Colour(0.95F, 0.8F, 0.62F);
  } else if (name == "dusk") {
    light.sun = towards(2, 6);
    light.sunlight = Colour(0.10F, 0.06F, 0.04F);
    light.skylight = Colour(0.10F, 0.12F, 0.19F);
    light.horizon = Colour(0.3F, 0.22F, 0.25F);
    light.zenith = Colour(0.05F, 0.08F, 0.17F);
    light.lamps = 0.25;
  } else if (name == "night_lamps") {
    light.sunlight = Colour::Zero();
    light.skylight = Colour(0.035F, 0.035F, 0.045F);
    light.horizon = light.zenith = Colour(0.012F, 0.012F, 0.02F);
    light.lamps = 0.8;
  } else if (name == "infrared") {
    light.sunlight = Colour::Zero();
    light.skylight = Colour(0.01F, 0.01F, 0.01F);
    light.horizon = light.zenith = Colour::Zero();
    light.infrared = true;
  }
  return light;
}

}  // namespace lido::synth
