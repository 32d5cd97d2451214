// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/random_pool.h"

#include <string>
#include <vector>

namespace lido::synth {
namespace {

std::vector<Point> rectangle(double length, double width) {
  return {{0, 0}, {length, 0}, {length, width}, {0, width}};
}

}  // namespace

Pool random_pool(Random& random) {
  Pool pool;
  const std::vector<std::string> kinds = {"rectangle", "L", "lanes", "toddlers"};
  pool.kind = kinds[random.pick({4, 1.5, 2, 1})];
  double length = random.between(8, 18), width = random.between(4, 9);
  if (pool.kind == "lanes") {
    length = random.chance(0.8) ? 25 : 16.67;
    width = 2.5 * static_cast<double>(random.whole(3, 6));
  } else if (pool.kind == "toddlers") {
    length = random.between(4, 8);
    width = random.between(3, 6);
  }
  pool.outline = rectangle(length, width);
  if (pool.kind == "L") {
    const double arm = random.between(0.35, 0.6);
    pool.outline = {{0, 0},
                    {length, 0},
                    {length, width * arm},
                    {length * arm, width * arm},
                    {length * arm, width},
                    {0, width}};
  }
  pool.shallow_m = random.between(0.9, 1.3);
  pool.deep_m = pool.shallow_m + random.between(0.1, 1.3);
  if (pool.kind == "toddlers") {
    pool.shallow_m = random.between(0.1, 0.25);
    pool.deep_m = random.between(0.3, 0.6);
  }
  pool.deck_m = random.between(2, 5);
  pool.freeboard_m = random.between(0.02, 0.3);
  pool.ways_in = {{0, width / 2}, {length * 0.3, 0}, {length * 0.7, 0}};
  pool.gate = {-pool.deck_m * 0.8, random.between(0, width)};
  return pool;
}

}  // namespace lido::synth
