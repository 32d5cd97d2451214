// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/water.h"

#include <algorithm>
#include <cmath>

#include "lido/geometry/refraction.h"

namespace lido::synth {
namespace {

constexpr double kGravity = 9.81;
constexpr int kWaves = 8;

}  // namespace

Water::Water(double height_m, Random random) {
  if (height_m <= 0) return;
  double sum = 0;
  const double wind = random.between(0, 2 * M_PI);
  for (int i = 0; i < kWaves; ++i) {
    // Wavelengths from 3 m down to 0.3 m; shorter waves are lower.
    const double length = 3 * std::pow(0.1, (i + random.unit()) / kWaves);
    const double k = 2 * M_PI / length;
    const double to = wind + 1.1 * random.normal();
    const double amplitude = std::pow(length, 1.2);
    sum += amplitude;
    waves_.push_back({k * std::cos(to), k * std::sin(to), amplitude, std::sqrt(kGravity * k),
                      random.between(0, 2 * M_PI)});
  }
  for (Wave& wave : waves_) wave.amplitude *= height_m / sum;
}

double Water::height(double x, double y, double time_s) const {
  double height = 0;
  for (const Wave& wave : waves_)
    height +=
        wave.amplitude * std::sin(wave.kx * x + wave.ky * y - wave.omega * time_s + wave.phase);
  return height;
}

Eigen::Vector2d Water::slope(double x, double y, double time_s) const {
  Eigen::Vector2d slope(0, 0);
  for (const Wave& wave : waves_) {
    const double by =
        wave.amplitude * std::cos(wave.kx * x + wave.ky * y - wave.omega * time_s + wave.phase);
    slope += by * Eigen::Vector2d(wave.kx, wave.ky);
  }
  return slope;
}

Vector3 refract_at_waves(const Vector3& eye, const Vector3& below, const Water& water,
                         double time_s, double index) {
  Vector3 at = geometry::refract_at_flat_surface(eye, below, index);
  const auto path = [&](double x, double y) {
    const Vector3 on(x, y, water.height(x, y, time_s));
    return (on - eye).norm() + index * (below - on).norm();
  };
  // Gradient descent on the path's length; a step that does not shorten it is halved.
  double step = 0.3 * std::max(0.05, -below.z());
  double shortest = path(at.x(), at.y());
  for (int i = 0; i < 200 && step > 1e-9; ++i) {
    const Vector3 on(at.x(), at.y(), water.height(at.x(), at.y(), time_s));
    const Vector3 pull = (on - eye).normalized() - index * (below - on).normalized();
    const Eigen::Vector2d slope = water.slope(at.x(), at.y(), time_s);
    const Eigen::Vector2d by = -(pull.head<2>() + pull.z() * slope);
    const double x = at.x() + step * by.x(), y = at.y() + step * by.y();
    const double length = path(x, y);
    if (length < shortest) {
      shortest = length;
      at = {x, y, 0};
      step *= 1.3;
    } else {
      step *= 0.5;
    }
  }
  at.z() = water.height(at.x(), at.y(), time_s);
  return at;
}

std::optional<Eigen::Vector2d> project_through_waves(const geometry::Camera& camera,
                                                     const Vector3& point_in_world,
                                                     const Water& water, double time_s) {
  if (camera.is_under_water()) return camera.project_through_water(point_in_world);
  if (point_in_world.z() >= water.height(point_in_world.x(), point_in_world.y(), time_s))
    return camera.project(point_in_world);
  return camera.project(
      refract_at_waves(camera.position, point_in_world, water, time_s, camera.water_index));
}

}  // namespace lido::synth
