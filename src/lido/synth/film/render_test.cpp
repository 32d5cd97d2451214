// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/render.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lido/synth/testing.h"
#include "lido/synth/world/random_pool.h"

namespace lido::synth {
namespace {

using testing::behaviours;
using testing::bodies;
using testing::person_of_age;

/// A small scene drawn: the mask, the boxes and the points agree, and equal calls give equal bytes.
TEST(Renderer, DrawsWhatTheTruthSays) {
  Random random(21);
  Pool pool = random_pool(random);
  pool = {.kind = "rectangle",
          .outline = {{0, 0}, {9, 0}, {9, 5}, {0, 5}},
          .shallow_m = 1.1,
          .deep_m = 1.6,
          .deck_m = 3,
          .freeboard_m = 0.1,
          .ways_in = {{0, 2}},
          .gate = {-2, 2}};
  Scenery scenery = random_scenery(random, pool);
  scenery.things.clear();
  SimulatedCamera camera{geometry::look_at({-2, -2, 3.5}, {3.5, 2, 0}, 75, 640, 360)};
  camera.k = {-0.08, 0, 0, 0, 0};
  auto made = Renderer::make(bodies(), pool, scenery, camera);
  ASSERT_TRUE(made) << made.error().message;
  const Water mirror(0, Random(1));
  Random of_light(1);
  const Light light = light_named("cloudy", of_light);
  int checked = 0;
  for (int i = 0; i < 12; ++i) {
    const Person person = person_of_age(random.between(2, 70), random.chance(0.5));
    const Look look = random_look(random, person);
    const Figure figure = bodies().figure(person, look.build);
    const bool wet = i % 2 == 0;
    const char* does = wet ? (i % 4 == 0 ? "swimming_under_water" : "treading") : "standing";
    const Point at = wet ? Point{random.between(1.5, 5), random.between(1, 4)}
                         : Point{random.between(1, 6), -1.2};
    const Moment moment{{1, at, wet ? (i % 4 == 0 ? -0.7 : 0.06) : 0, random.between(0, 6),
                         *behaviours().find(does), wet},
                        -5,
                        *behaviours().find(does),
                        -5};
    const Placed placed = place_body(bodies(), behaviours(), pool, figure, moment, 1);
    const Subject subject{&figure, &placed, &look, wet, 0};
    const Picture picture = made->draw(camera, 1, i, {subject}, mirror, 0.05, light);
    // Who is drawn alone is where the projected vertices are.
    double x0 = 1e9, y0 = 1e9, x1 = -1e9, y1 = -1e9;
    std::vector<Eigen::Vector3f> points;
    const double away = (placed.in_scene.translation() - camera.position).norm();
    const Mesh mesh = camera.fy * figure.face[0].y() / away > 260 ? Mesh::kNear : Mesh::kFar;
    skin(bodies().topology(mesh), figure.vertices[static_cast<size_t>(mesh)], placed.posed,
         placed.in_scene, points);
    for (const auto& p : points) {
      const auto pixel = camera.project_through_water(p.cast<double>());
      ASSERT_TRUE(pixel);
      x0 = std::min(x0, pixel->x()), x1 = std::max(x1, pixel->x()), y0 = std::min(y0, pixel->y()),
      y1 = std::max(y1, pixel->y());
    }
    if (x0 < 3 || y0 < 3 || x1 > 637 || y1 > 357) continue;
    int mx0 = 640, my0 = 360, mx1 = -1, my1 = -1;
    for (int y = 0; y < 360; ++y) {
      for (int x = 0; x < 640; ++x) {
        if (picture.who[static_cast<size_t>(y * 640 + x)] != 1) continue;
        mx0 = std::min(mx0, x), mx1 = std::max(mx1, x + 1), my0 = std::min(my0, y),
        my1 = std::max(my1, y + 1);
      }
    }
    // Encloses it to a pixel; and the mask fills it, but for what passes a pixel's middle by.
    EXPECT_LE(x0, mx0 + 1) << does;
    EXPECT_LE(y0, my0 + 1) << does;
    EXPECT_GE(x1, mx1 - 1) << does;
    EXPECT_GE(y1, my1 - 1) << does;
    EXPECT_NEAR(x0, mx0, 3) << does;
    EXPECT_NEAR(x1, mx1, 3) << does;
    EXPECT_NEAR(y0, my0, 3) << does;
    EXPECT_NEAR(y1, my1, 3) << does;
    ++checked;
    const Picture again = made->draw(camera, 1, i, {subject}, mirror, 0.05, light);
    EXPECT_EQ(picture.image.rgb, again.image.rgb);
  }
  EXPECT_GE(checked, 6);
}

}  // namespace
}  // namespace lido::synth
