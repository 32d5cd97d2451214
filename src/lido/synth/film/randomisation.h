// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lido/base/yaml.h"
#include "lido/synth/world/random.h"

namespace lido::synth {

/// A uniform distribution.
struct Range {
  double min = 0, max = 0;
  double draw(Random& random) const { return random.between(min, max); }
};

/// Distributions that `lido synth pool` draws water, light and cameras from.
struct Randomisation {
  Range wave_m{0.01, 0.05};
  Range turbidity{0, 0.12};
  Range camera_height_m{2.6, 4.5};
  Range degrees{75, 100};              ///< Horizontal field of view.
  Range k1{-0.12, 0};                  ///< First coefficient of a Brown-Conrady lens.
  Range tangential{-0.001, 0.001};     ///< p1 and p2 of a Brown-Conrady lens.
  Range principal_point{-0.02, 0.02};  ///< Off the image's middle, as a share of its size.
  Range roll_deg{-2.6, 2.6};
  double fisheye = 0.2;   ///< Probability of a fisheye lens.
  double underwater = 0;  ///< Probability that a camera is under water, behind a flat port.
  Range noise{0.006, 0.025};
  Range softness{0.3, 0.9};
  Range exposure{0.85, 1.2};
  Range dirt{0.1, 0.6};
  double dirty = 0.3;  ///< Probability that a dome has drops.
  Range shutter_s{0.005, 0.02};
  Range night_shutter_s{0.03, 0.03};  ///< At dusk, by lamps and in infrared.
  Range bitrate_mbps{1, 4};
  Range drops{0, 0.02};       ///< Share of frames that are lost.
  double faults_per_day = 1;  ///< Mean number of faults of a camera a day.
  Range clock_offset_s{-0.2, 0.2};
  Range clock_drift_ppm{-30, 30};
  /// Names of light_names(), and their weights.
  std::vector<std::pair<std::string, double>> light = {
      {"clear", 4}, {"passing_clouds", 2}, {"cloudy", 3},    {"low_sun", 2},
      {"dusk", 1},  {"night_lamps", 0.5},  {"infrared", 0.5}};

  /// Calls visit(name, range, min, max) for each range, with the bounds that a file may ask for.
  static void ranges(auto& self, auto&& visit) {
    visit("wave_m", self.wave_m, 0, 0.3);
    visit("turbidity", self.turbidity, 0, 1);
    visit("camera_height_m", self.camera_height_m, 0.5, 30);
    visit("degrees", self.degrees, 5, 120);
    visit("k1", self.k1, -0.15, 0.5);
    visit("tangential", self.tangential, -0.01, 0.01);
    visit("principal_point", self.principal_point, -0.2, 0.2);
    visit("roll_deg", self.roll_deg, -45, 45);
    visit("noise", self.noise, 0, 0.5);
    visit("softness", self.softness, 0, 5);
    visit("exposure", self.exposure, 0.05, 10);
    visit("dirt", self.dirt, 0, 1);
    visit("shutter_s", self.shutter_s, 0, 0.2);
    visit("night_shutter_s", self.night_shutter_s, 0, 0.2);
    visit("bitrate_mbps", self.bitrate_mbps, 0, 50);
    visit("drops", self.drops, 0, 0.9);
    visit("clock_offset_s", self.clock_offset_s, -3600, 3600);
    visit("clock_drift_ppm", self.clock_drift_ppm, -500, 500);
  }

  /// Reads a file of ranges. Keys that it leaves out keep their defaults.
  /// @param lights  Names that the file may give weights to.
  /// @return kInvalidArgument with file and line.
  static Result<Randomisation> read(const Yaml& node, const std::vector<std::string>& lights);
};

}  // namespace lido::synth
