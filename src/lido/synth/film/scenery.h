// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lido/geometry/pool.h"
#include "lido/synth/world/random.h"

namespace lido::synth {

using geometry::Pool;
using geometry::Vector3;

/// Linear reflectance: red, green, blue; 1 reflects all light.
using Colour = Eigen::Vector3f;

inline Colour mixed(const Colour& a, const Colour& b, double share_of_b) {
  return a + static_cast<float>(share_of_b) * (b - a);
}

/// Materials, as the scenery's shader numbers them.
enum class Material : uint8_t { kFloor, kWall, kDeck, kCoping, kGrass, kHedge, kBoards, kThing };

/// Colours of a pool's surroundings, and things that lie about.
struct Scenery {
  Colour floor, deck, coping, around, fence;
  bool hedge = true;     ///< A hedge instead of boards.
  double fence_m = 1.8;  ///< Height of hedge or boards.
  bool lanes = false;    ///< Dark lines on the floor and ropes on the water.
  /// A box that stands on the deck or floats: towel, lounger, bag, float.
  struct Thing {
    Vector3 at;  ///< Centre of its underside.
    Vector3 size;
    double turn_rad;  ///< Counter-clockwise from x.
    Colour colour;
  };
  std::vector<Thing> things;
};
/// Draws colours, hedge or boards, lanes and things for a pool.
Scenery random_scenery(Random& random, const Pool& pool);

/// A corner of a triangle; `material` is a Material as a number for the shader.
struct SceneryVertex {
  Eigen::Vector3f position, normal;
  Colour colour;
  float material;
};

/// Triangles of all that does not move, three vertices each. Fine enough that projection by a lens
/// or through water stays accurate between vertices.
std::vector<SceneryVertex> build_scenery(const Pool& pool, const Scenery& scenery);
/// Triangles of the water's surface, at z = 0.
std::vector<Eigen::Vector3f> build_surface(const Pool& pool);

}  // namespace lido::synth
