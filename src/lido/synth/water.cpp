// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/water.h"

#include <algorithm>
#include <cmath>

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
    // Wavelengths of 3 m down to 0.3 m; the shorter, the lower.
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

Vector3 through_flat_water(const Vector3& eye, const Vector3& below) {
  const double h = eye.z(), d = -below.z();
  const Vector3 way(below.x() - eye.x(), below.y() - eye.y(), 0);
  const double length = way.norm();
  if (length < 1e-12) return {below.x(), below.y(), 0};
  // The sine in air less that in water, times the index, grows with r: Newton, kept between ends.
  double low = 0, high = length;
  double r = length * h / (h + d / kRefraction);
  for (int i = 0; i < 60; ++i) {
    const double a = std::hypot(r, h), b = std::hypot(length - r, d);
    const double f = r / a - kRefraction * (length - r) / b;
    (f > 0 ? high : low) = r;
    const double slope = h * h / (a * a * a) + kRefraction * d * d / (b * b * b);
    double next = r - f / slope;
    if (!(next > low && next < high)) next = (low + high) / 2;
    if (std::abs(next - r) < 1e-14 * length) break;
    r = next;
  }
  return eye + Vector3(0, 0, -h) + way * (r / length);
}

Vector3 through_waves(const Vector3& eye, const Vector3& below, const Water& water, double time_s) {
  Vector3 at = through_flat_water(eye, below);
  const auto path = [&](double x, double y) {
    const Vector3 on(x, y, water.height(x, y, time_s));
    return (on - eye).norm() + kRefraction * (below - on).norm();
  };
  // Descent along the path's own slope; steps that do not shorten it are halved.
  double step = 0.3 * std::max(0.05, -below.z());
  double shortest = path(at.x(), at.y());
  for (int i = 0; i < 200 && step > 1e-9; ++i) {
    const Vector3 on(at.x(), at.y(), water.height(at.x(), at.y(), time_s));
    const Vector3 pull = (on - eye).normalized() - kRefraction * (below - on).normalized();
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

}  // namespace lido::synth
