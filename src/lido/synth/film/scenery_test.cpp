// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/scenery.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lido/synth/testing.h"
#include "lido/synth/world/random_pool.h"

namespace lido::synth {
namespace {

/// Sum of the areas of triangles whose vertices pass a test.
double area_of(const std::vector<SceneryVertex>& vertices, auto&& wanted) {
  double area = 0;
  for (size_t v = 0; v < vertices.size(); v += 3) {
    if (!wanted(vertices[v])) continue;
    const Eigen::Vector3f a = vertices[v + 1].position - vertices[v].position,
                          b = vertices[v + 2].position - vertices[v].position;
    area += static_cast<double>(a.cross(b).norm()) / 2;
  }
  return area;
}
bool is(const SceneryVertex& vertex, Material material) {
  return static_cast<Material>(vertex.material) == material;
}

double outline_area(const Pool& pool) {
  double twice = 0;
  for (size_t i = 0; i < pool.outline.size(); ++i) {
    const geometry::Point a = pool.outline[i], b = pool.outline[(i + 1) % pool.outline.size()];
    twice += a.x * b.y - a.y * b.x;
  }
  return twice / 2;
}

TEST(Surface, CoversTheBasinOnce) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    const Pool pool = random_pool(random);
    const auto surface = build_surface(pool);
    double area = 0;
    for (size_t v = 0; v < surface.size(); v += 3)
      area += static_cast<double>(
                  (surface[v + 1] - surface[v]).cross(surface[v + 2] - surface[v]).norm()) /
              2;
    // Clipping a concave outline leaves slivers that overlap.
    const double tolerance = pool.kind == "L" ? 1e-2 : 1e-5;
    EXPECT_NEAR(area, outline_area(pool), tolerance * outline_area(pool)) << pool.kind;
  }
}

TEST(Scenery, HasTheBasinsFloorAndWalls) {
  const Pool pool = testing::rectangle_pool();
  const auto vertices = build_scenery(pool, {});
  // The floor falls 1 m over 12 m: its area grows by the hypotenuse.
  EXPECT_NEAR(area_of(vertices, [](const auto& v) { return is(v, Material::kFloor); }),
              6 * std::hypot(12, 1), 1e-2);
  // Walls all around, from the deepest point up to the deck.
  EXPECT_NEAR(area_of(vertices, [](const auto& v) { return is(v, Material::kWall); }),
              2 * (12 + 6) * (2.1 + 0.1), 1e-2);
}

TEST(Scenery, HasADeckOfItsWidth) {
  const Pool pool = testing::rectangle_pool();
  const auto vertices = build_scenery(pool, {});
  // A coping of 0.3 m, then the deck to 3 m: rectangles around the basin.
  const double with_deck = 18 * 12, with_coping = 12.6 * 6.6, basin = 12 * 6;
  EXPECT_NEAR(area_of(vertices, [](const auto& v) { return is(v, Material::kCoping); }),
              with_coping - basin, 0.05);
  EXPECT_NEAR(area_of(vertices, [](const auto& v) { return is(v, Material::kDeck); }),
              with_deck - with_coping, 0.5);
}

TEST(Scenery, HasUnitNormalsAndFiniteVertices) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    Random random(seed);
    const Pool pool = random_pool(random);
    const auto vertices = build_scenery(pool, random_scenery(random, pool));
    ASSERT_EQ(vertices.size() % 3, 0u);
    for (const SceneryVertex& vertex : vertices) {
      ASSERT_TRUE(vertex.position.allFinite());
      ASSERT_NEAR(vertex.normal.norm(), 1, 1e-5);
    }
  }
}

TEST(Scenery, PutsThingsWhereTheyStandOrFloat) {
  int floats = 0, others = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Random random(seed);
    const Pool pool = random_pool(random);
    for (const Scenery::Thing& thing : random_scenery(random, pool).things) {
      const double inside = pool.inside_m({thing.at.x(), thing.at.y()});
      if (inside > 0) {
        EXPECT_LT(thing.at.z(), 0);
        ++floats;
      } else {
        EXPECT_GE(thing.at.z(), pool.freeboard_m);
        EXPECT_GT(inside, -pool.deck_m);
        ++others;
      }
    }
  }
  EXPECT_GT(floats, 20);
  EXPECT_GT(others, 50);
}

}  // namespace
}  // namespace lido::synth
