// SPDX-License-Identifier: Apache-2.0
// For tests of what is drawn from people in 3D.
#pragma once

#include <string>
#include <vector>

#include "lido/geometry/camera.h"
#include "lido/report/placed_people.h"

namespace lido::report {

/// A joint that is known to 1 cm.
inline PlacedJoint joint_at(const std::string& name, const geometry::Vector3& point,
                            std::vector<std::string> cameras = {"a", "b"}, double sigma_m = 0.01) {
  return {name, point, sigma_m * sigma_m * Eigen::Matrix3d::Identity(), std::move(cameras)};
}

/// The row of a joint as joint_at() has it.
inline dataset::JointRow row_at(double time_s, int64_t person, const std::string& joint,
                                const geometry::Vector3& point) {
  dataset::JointRow row{.time_s = time_s, .person = person, .joint = joint};
  row.x_m = point.x(), row.y_m = point.y(), row.z_m = point.z();
  row.covariance_m2 = {1e-4, 0, 0, 1e-4, 0, 1e-4};
  row.cameras = {"a", "b"};
  return row;
}

/// Centre of the pixels near a place, weighted by their brightness; nothing at all: {-1, -1}.
inline Eigen::Vector2d bright_centre(const media::Image& image, double x, double y, int reach) {
  double sum = 0, x_sum = 0, y_sum = 0;
  for (int row = int(y) - reach; row <= int(y) + reach; ++row) {
    for (int column = int(x) - reach; column <= int(x) + reach; ++column) {
      if (row < 0 || column < 0 || row >= image.height || column >= image.width) continue;
      const double value = image.rgb[static_cast<size_t>(3 * (row * image.width + column))];
      const double weight = value > 128 ? value : 0;
      sum += weight;
      x_sum += weight * (column + 0.5);
      y_sum += weight * (row + 0.5);
    }
  }
  if (!(sum > 0)) return {-1, -1};
  return {x_sum / sum, y_sum / sum};
}

}  // namespace lido::report
