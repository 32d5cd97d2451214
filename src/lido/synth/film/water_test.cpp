// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/water.h"

#include <gtest/gtest.h>

#include "lido/geometry/refraction.h"

namespace lido::synth {
namespace {

TEST(Water, WavesTakeTheShortestWay) {
  Random random(2);
  for (int i = 0; i < 300; ++i) {
    const Water water(0.03, random.split(static_cast<uint64_t>(i)));
    const Vector3 eye(random.between(-6, 6), random.between(-6, 6), random.between(2, 5));
    const Vector3 below(random.between(-6, 6), random.between(-6, 6), -random.between(0.2, 2.5));
    const double time_s = random.between(0, 100);
    const Vector3 at = through_waves(eye, below, water, time_s);
    const auto path = [&](double x, double y) {
      const Vector3 on(x, y, water.height(x, y, time_s));
      return (on - eye).norm() + geometry::kWaterRefractiveIndex * (below - on).norm();
    };
    const double length = path(at.x(), at.y());
    const Vector3 flat = geometry::refract_at_flat_surface(eye, below);
    EXPECT_LE(length, path(flat.x(), flat.y()) + 1e-12);
    for (int k = 0; k < 8; ++k) {
      const double angle = k * M_PI / 4;
      EXPECT_LE(length,
                path(at.x() + 1e-3 * std::cos(angle), at.y() + 1e-3 * std::sin(angle)) + 1e-10);
    }
  }
  // A mirror is flat water.
  const Vector3 at = through_waves({1, 2, 3}, {4, 1, -1.5}, Water(0, Random(3)), 5);
  EXPECT_NEAR((at - geometry::refract_at_flat_surface({1, 2, 3}, {4, 1, -1.5})).norm(), 0, 1e-7);
}

}  // namespace
}  // namespace lido::synth
