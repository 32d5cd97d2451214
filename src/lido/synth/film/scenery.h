// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lido/geometry/pool.h"
#include "lido/synth/world/random.h"

namespace lido::synth {

using geometry::Pool;
using geometry::Vector3;

using Colour = Eigen::Vector3f;  ///< Red, green, blue; 1 is what reflects all light.

inline Colour mixed(const Colour& a, const Colour& b, double share_of_b) {
  return a + static_cast<float>(share_of_b) * (b - a);
}

enum class Material : uint8_t { kFloor, kWall, kDeck, kCoping, kGrass, kHedge, kBoards, kThing };

/// What a pool's surroundings are made of.
struct Scenery {
  Colour floor, deck, coping, around, fence;
  bool hedge = true;     ///< Else boards.
  double fence_m = 1.8;  ///< Its height.
  bool lanes = false;    ///< Dark lines on the floor, ropes on the water.
  /// Towels, loungers, bags, floats: boxes that stand on the deck or swim.
  struct Thing {
    Vector3 at;  ///< Middle of its underside.
    Vector3 size;
    double turn_rad;
    Colour colour;
  };
  std::vector<Thing> things;
};
Scenery random_scenery(Random& random, const Pool& pool);

struct PlaceVertex {
  Eigen::Vector3f position, normal;
  Colour colour;
  float material;
};

/// Triangles of everything that does not move, fine enough that a lens or water bends them truly.
std::vector<PlaceVertex> build_place(const Pool& pool, const Scenery& scenery);
/// Triangles of the water's surface, at z = 0.
std::vector<Eigen::Vector3f> build_surface(const Pool& pool);

}  // namespace lido::synth
