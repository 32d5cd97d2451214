// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lido::dataset {

/// One joint of one person at one moment, in metres.
struct JointRow {
  static constexpr std::string_view kTable = "tracks3d";
  static constexpr std::string_view kRow = "each joint that was found, of each person, by moment";
  double time_s = 0;
  int64_t person = 0;
  std::string joint;
  double x_m = 0, y_m = 0, z_m = 0;
  std::vector<double> covariance_m2;
  bool under_water = false;
  double depth_m = 0;
  std::vector<std::string> cameras;

  static void columns(auto&& visit) {
    using Row = JointRow;
    visit("time_s", &Row::time_s, "Time, seconds after the reference of the cameras' clocks");
    visit("person", &Row::person, "Id of the person, from 1");
    visit("joint", &Row::joint, "Name of the joint: a keypoint of COCO, such as left_wrist");
    visit("x_m", &Row::x_m, "Position along the pool, metres");
    visit("y_m", &Row::y_m, "Position across the pool, metres");
    visit("z_m", &Row::z_m, "Height above the resting water surface, metres; negative under water");
    visit("covariance_m2", &Row::covariance_m2,
          "Covariance of the position (xx, xy, xz, yy, yz, zz), square metres");
    visit("under_water", &Row::under_water, "True if the joint is under the resting water surface");
    visit("depth_m", &Row::depth_m, "Depth below the resting water surface, metres; 0 above");
    visit("cameras", &Row::cameras, "Names of the cameras that saw the joint");
  }
};

}  // namespace lido::dataset
