// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/base/yaml.h"
#include "lido/synth/world/random.h"

namespace lido::synth {

/// Drawn evenly between both.
struct Range {
  double least = 0, most = 0;
  double draw(Random& random) const { return random.between(least, most); }
};

/// What `lido synth pool` draws from.
struct Randomisation {
  Range wave_m{0.01, 0.05};
  Range turbidity{0, 0.12};
  Range camera_height_m{2.6, 4.5};
  Range degrees{75, 100};
  Range k1{-0.12, 0};
  Range noise{0.006, 0.025};
  Range softness{0.3, 0.9};
  Range exposure{0.85, 1.2};
  Range dirt{0.1, 0.6};
  double dirty = 0.3;
  Range shutter_s{0, 0};
  Range clock_offset_s{-0.2, 0.2};
  Range clock_drift_ppm{-30, 30};
  /// Names of light_names(), and how often each comes.
  std::vector<std::pair<std::string, double>> light = {
      {"clear", 4}, {"passing_clouds", 2}, {"cloudy", 3},    {"low_sun", 2},
      {"dusk", 1},  {"night_lamps", 0.5},  {"infrared", 0.5}};

  /// Ranges: name, where, least and most that may be asked for.
  static void ranges(auto& self, auto&& visit) {
    visit("wave_m", self.wave_m, 0, 0.3);
    visit("turbidity", self.turbidity, 0, 1);
    visit("camera_height_m", self.camera_height_m, 0.5, 30);
    visit("degrees", self.degrees, 5, 120);
    visit("k1", self.k1, -0.15, 0.5);
    visit("noise", self.noise, 0, 0.5);
    visit("softness", self.softness, 0, 5);
    visit("exposure", self.exposure, 0.05, 10);
    visit("dirt", self.dirt, 0, 1);
    visit("shutter_s", self.shutter_s, 0, 0.2);
    visit("clock_offset_s", self.clock_offset_s, -3600, 3600);
    visit("clock_drift_ppm", self.clock_drift_ppm, -500, 500);
  }

  /// Reads what differs from these.
  /// @param lights  What may come.
  /// @return kInvalidArgument with file and line.
  static Result<Randomisation> read(const Yaml& node, const std::vector<std::string>& lights);
};

}  // namespace lido::synth
