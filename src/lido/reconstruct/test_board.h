// SPDX-License-Identifier: Apache-2.0
// For tests: four cameras with known lenses, poses and clocks that see a moving board.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "lido/reconstruct/calibrate.h"

namespace lido::reconstruct {

inline Board test_board() { return {.columns = 7, .rows = 5, .square_m = 0.06, .marker_m = 0.045}; }

/// Cameras in the axes of the first: on an arc around a point 1.5 m before it.
inline std::vector<geometry::Camera> test_cameras(int count = 4) {
  std::vector<geometry::Camera> cameras;
  const geometry::Vector3 middle(0, 0, 1.5);
  for (int i = 0; i < count; ++i) {
    geometry::Camera camera{.name = fmt::format("cam_{}", i), .width = 1280, .height = 720};
    camera.fx = 900 + 20 * i, camera.fy = 905 + 20 * i, camera.cx = 645, camera.cy = 352;
    camera.k = {-0.15 + 0.03 * i, 0.03, 0, 0, 0};
    const double angle = 0.5 * i;
    camera.position = middle + 1.5 * geometry::Vector3(std::sin(angle), 0, -std::cos(angle));
    camera.position.y() = i == 0 ? 0 : 0.25 * (i % 2 == 0 ? 1 : -1);
    const geometry::Vector3 ahead = (middle - camera.position).normalized();
    const geometry::Vector3 right = geometry::Vector3::UnitY().cross(ahead).normalized();
    camera.cam_from_world.row(0) = right;
    camera.cam_from_world.row(1) = ahead.cross(right);
    camera.cam_from_world.row(2) = ahead;
    cameras.push_back(camera);
  }
  return cameras;
}

/// Pose of the board at a time: wanders about the middle and tilts.
inline BoardPose board_at(double time_s) {
  const auto wave = [&](double period_s, double phase) {
    return std::sin(2 * M_PI * time_s / period_s + phase);
  };
  const Eigen::Quaterniond turn =
      Eigen::AngleAxisd(0.5 * wave(7.3, 1), geometry::Vector3::UnitX()) *
      Eigen::AngleAxisd(0.5 * wave(5.9, 2) + 0.6, geometry::Vector3::UnitY()) *
      Eigen::AngleAxisd(0.7 * wave(11.1, 0), geometry::Vector3::UnitZ());
  return {turn.toRotationMatrix(),
          geometry::Vector3(-0.2 + 0.45 * wave(9.7, 0), -0.12 + 0.25 * wave(6.1, 1),
                            1.5 + 0.25 * wave(13.3, 2))};
}

/// Views of the board by the cameras, with noise; camera i's images are delays_s[i] late.
inline std::vector<CameraViews> test_views(const std::vector<geometry::Camera>& cameras,
                                           const std::vector<double>& delays_s, int moments,
                                           double fps, double sigma_px) {
  std::mt19937_64 engine(8);
  std::normal_distribution<> noise(0, sigma_px);
  const auto corners = test_board().corner_positions();
  std::vector<CameraViews> out;
  for (size_t i = 0; i < cameras.size(); ++i) {
    const geometry::Camera& camera = cameras[i];
    CameraViews views{.name = camera.name, .width = camera.width, .height = camera.height};
    for (int moment = 0; moment < moments; ++moment) {
      const BoardPose pose = board_at(moment / fps + delays_s[i]);
      BoardView view;
      for (size_t id = 0; id < corners.size(); ++id) {
        const auto pixel = camera.project(pose.rotation * corners[id] + pose.position);
        if (!pixel || !camera.contains(*pixel)) continue;
        view.push_back(
            {static_cast<int>(id), *pixel + Eigen::Vector2d(noise(engine), noise(engine))});
      }
      views.views.push_back(std::move(view));
    }
    out.push_back(std::move(views));
  }
  return out;
}

}  // namespace lido::reconstruct
