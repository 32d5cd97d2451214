// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/scenery.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace lido::synth {
namespace {

using geometry::Point;

/// Size of triangles of floor and walls, and of the water's surface.
constexpr double kCell_m = 0.45, kSurfaceCell_m = 0.6;
constexpr double kCoping_m = 0.3;
constexpr double kFarAway_m = 40;

/// Corners in order.
using Polygon = std::vector<Point>;

/// Part of a convex polygon on one side of an axis-parallel line. Source: Sutherland and Hodgman
/// 1974.
Polygon cut(const Polygon& polygon, bool along_x, double at, bool keep_above) {
  Polygon kept;
  const auto signed_distance = [&](Point p) {
    return (keep_above ? 1 : -1) * ((along_x ? p.x : p.y) - at);
  };
  for (size_t i = 0; i < polygon.size(); ++i) {
    const Point a = polygon[i], b = polygon[(i + 1) % polygon.size()];
    const double da = signed_distance(a), db = signed_distance(b);
    if (da >= 0) kept.push_back(a);
    if ((da > 0 && db < 0) || (da < 0 && db > 0)) kept.push_back(a + (b - a) * (da / (da - db)));
  }
  return kept;
}

/// The basin seen from above, divided into small triangles.
std::vector<std::array<Point, 3>> cells_of(const Pool& pool, double cell_m) {
  std::vector<std::array<Point, 3>> triangles;
  const Pool::Bounds b = pool.bounds();
  const auto lines = [&](double low, double high) {
    const int count = std::max(1, static_cast<int>(std::ceil((high - low) / cell_m)));
    std::vector<double> at;
    for (int i = 0; i <= count; ++i) at.push_back(low + (high - low) * i / count);
    return at;
  };
  const auto xs = lines(b.low_x, b.high_x), ys = lines(b.low_y, b.high_y);
  for (size_t i = 0; i + 1 < xs.size(); ++i) {
    const Polygon column = cut(cut(pool.outline, true, xs[i], true), true, xs[i + 1], false);
    for (size_t j = 0; j + 1 < ys.size(); ++j) {
      const Polygon cell = cut(cut(column, false, ys[j], true), false, ys[j + 1], false);
      for (size_t n = 1; n + 1 < cell.size(); ++n)
        triangles.push_back({cell[0], cell[n], cell[n + 1]});
    }
  }
  return triangles;
}

class Builder {
 public:
  explicit Builder(const Pool& pool) : pool_(pool) {}

  void triangle(const std::array<Vector3, 3>& corners, const Vector3& normal, const Colour& colour,
                Material material) {
    for (const Vector3& corner : corners)
      vertices.push_back(
          {corner.cast<float>(), normal.cast<float>(), colour, static_cast<float>(material)});
  }
  /// A parallelogram of a colour and a material.
  struct Patch {
    Vector3 origin, u, v;  ///< One corner, and both sides from there.
    Vector3 normal;
    double piece_m;            ///< Largest side of the pieces it is divided into.
    bool spare_basin = false;  ///< Leaves out pieces over the basin.
  };
  void patch(const Patch& patch, const Colour& colour, Material material) {
    const int n = std::max(1, static_cast<int>(std::ceil(patch.u.norm() / patch.piece_m)));
    const int m = std::max(1, static_cast<int>(std::ceil(patch.v.norm() / patch.piece_m)));
    const auto at = [&](int a, int b) -> Vector3 {
      return patch.origin + patch.u * (static_cast<double>(a) / n) +
             patch.v * (static_cast<double>(b) / m);
    };
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < m; ++j) {
        const Vector3 middle = (at(i, j) + at(i + 1, j + 1)) / 2;
        if (patch.spare_basin && pool_.is_water({middle.x(), middle.y()})) continue;
        triangle({at(i, j), at(i + 1, j), at(i + 1, j + 1)}, patch.normal, colour, material);
        triangle({at(i, j), at(i + 1, j + 1), at(i, j + 1)}, patch.normal, colour, material);
      }
    }
  }
  void box(const Scenery::Thing& thing) {
    const double c = std::cos(thing.turn_rad), s = std::sin(thing.turn_rad);
    const Vector3 x(c, s, 0), y(-s, c, 0), z = Vector3::UnitZ();
    const Vector3 low = thing.at - x * thing.size.x() / 2 - y * thing.size.y() / 2;
    const Vector3 u = x * thing.size.x(), v = y * thing.size.y(), w = z * thing.size.z();
    constexpr double kPiece_m = 0.8;
    for (const Patch& side : {Patch{low + w, u, v, z, kPiece_m}, Patch{low, u, w, -y, kPiece_m},
                              Patch{low + v, u, w, y, kPiece_m}, Patch{low, v, w, -x, kPiece_m},
                              Patch{low + u, v, w, x, kPiece_m}})
      patch(side, thing.colour, Material::kThing);
    // Cameras under water see the undersides of what floats.
    if (thing.at.z() < 0) patch({low, v, u, -z, kPiece_m}, thing.colour, Material::kThing);
  }
  /// A strip of ground around the basin, between two distances from the rim.
  struct Ring {
    double from_m, to_m;
    double z;
    double piece_m;  ///< Largest side of its pieces.
  };
  void ring(const Ring& ring, const Colour& colour, Material material) {
    const size_t count = pool_.outline.size();
    for (size_t i = 0; i < count; ++i) {
      const Point a = pool_.outline[i], b = pool_.outline[(i + 1) % count],
                  next = pool_.outline[(i + 2) % count];
      const Point along = (b - a) * (1 / (b - a).length()),
                  after = (next - b) * (1 / (next - b).length());
      const Vector3 out(along.y, -along.x, 0), out_after(after.y, -after.x, 0);
      const Vector3 start(a.x, a.y, ring.z), end(b.x, b.y, ring.z);
      patch({start + out * ring.from_m, end - start, out * (ring.to_m - ring.from_m),
             Vector3::UnitZ(), ring.piece_m, true},
            colour, material);
      const bool points_outward = along.x * after.y - along.y * after.x > 1e-9;
      if (points_outward) wedge(end, out, out_after, ring, colour, material);
    }
  }
  std::vector<SceneryVertex> vertices;

 private:
  /// Part of a ring at a corner of the outline that points outward. Square, as the ring's sides
  /// end.
  void wedge(const Vector3& corner, const Vector3& out, const Vector3& out_after, const Ring& ring,
             const Colour& colour, Material material) {
    constexpr int kSteps = 10;
    const double angle = std::acos(std::clamp(out.dot(out_after), -1.0, 1.0));
    const double first = std::atan2(out.y(), out.x());
    const int rows =
        std::max(1, static_cast<int>(std::ceil((ring.to_m - ring.from_m) / ring.piece_m)));
    const auto at = [&](int step, double r) -> Vector3 {
      const double t = first + angle * step / kSteps;
      const double reach = 1 / std::cos(std::min(std::abs(t - first), std::abs(first + angle - t)));
      return corner + r * reach * Vector3(std::cos(t), std::sin(t), 0);
    };
    for (int s = 0; s < kSteps; ++s) {
      for (int row = 0; row < rows; ++row) {
        const double low = ring.from_m + (ring.to_m - ring.from_m) * row / rows,
                     high = ring.from_m + (ring.to_m - ring.from_m) * (row + 1) / rows;
        triangle({at(s, low), at(s, high), at(s + 1, high)}, Vector3::UnitZ(), colour, material);
        triangle({at(s, low), at(s + 1, high), at(s + 1, low)}, Vector3::UnitZ(), colour, material);
      }
    }
  }

  const Pool& pool_;
};

/// A dark line along the middle of each lane's floor, ropes between them on the water.
void build_lanes(Builder& build, const Pool& pool) {
  constexpr double kLane_m = 2.5, kPiece_m = 0.3;
  const Colour dark(0.05F, 0.09F, 0.2F), red(0.75F, 0.12F, 0.1F), white(0.85F, 0.85F, 0.85F);
  const auto pieces = static_cast<int>(pool.length_m() / kPiece_m);
  for (int lane = 0; (lane + 0.5) * kLane_m < pool.width_m(); ++lane) {
    const double middle = (lane + 0.5) * kLane_m, rope = (lane + 1) * kLane_m;
    for (int piece = 0; piece < pieces; ++piece) {
      const double x = piece * kPiece_m, end = x + kPiece_m;
      if (x > 0.5 && end < pool.length_m() - 0.5 && pool.is_water({x, middle})) {
        const auto at = [&](double along, double across) {
          return Vector3(along, middle + across, 0.004 - pool.basin_m(along));
        };
        build.triangle({at(x, -0.1), at(end, -0.1), at(end, 0.1)}, Vector3::UnitZ(), dark,
                       Material::kFloor);
        build.triangle({at(x, -0.1), at(end, 0.1), at(x, 0.1)}, Vector3::UnitZ(), dark,
                       Material::kFloor);
      }
      if (rope < pool.width_m() - 1 && pool.is_water({x, rope}) && pool.is_water({end, rope}))
        build.box({Vector3(x + kPiece_m / 2, rope, -0.05), Vector3(0.26, 0.11, 0.1), 0,
                   piece / 3 % 2 == 0 ? red : white});
    }
  }
}

void build_basin(Builder& build, const Pool& pool, const Scenery& scenery) {
  const Vector3 up = Vector3::UnitZ();
  for (const auto& cell : cells_of(pool, kCell_m)) {
    std::array<Vector3, 3> corners;
    for (size_t i = 0; i < 3; ++i)
      corners[i] = Vector3(cell[i].x, cell[i].y, -pool.basin_m(cell[i].x));
    build.triangle(corners, up, scenery.floor, Material::kFloor);
  }
  if (scenery.lanes) build_lanes(build, pool);
  const size_t count = pool.outline.size();
  for (size_t i = 0; i < count; ++i) {
    const Point a = pool.outline[i], b = pool.outline[(i + 1) % count];
    const Vector3 along(b.x - a.x, b.y - a.y, 0);
    const Vector3 inward = Vector3(-along.y(), along.x(), 0).normalized();
    const double deepest = std::max(pool.shallow_m, pool.deep_m);
    // Walls reach below the floor, which hides their lower part.
    for (const double down : {pool.freeboard_m, -deepest})
      build.patch({Vector3(a.x, a.y, 0), along, Vector3(0, 0, down), inward, kCell_m},
                  scenery.floor, Material::kWall);
  }
}

/// A fence of four sides around the bounding box of the outline.
struct Fence {
  double out_m;  ///< Distance from the bounding box.
  double height_m;
  double piece_m;
};
void build_fence(Builder& build, const Pool& pool, const Fence& fence, const Colour& colour,
                 Material material) {
  const Pool::Bounds b = pool.bounds();
  const double foot = pool.freeboard_m - 0.1, out = fence.out_m;
  const std::array<Vector3, 4> corners = {
      Vector3(b.low_x - out, b.low_y - out, foot), Vector3(b.high_x + out, b.low_y - out, foot),
      Vector3(b.high_x + out, b.high_y + out, foot), Vector3(b.low_x - out, b.high_y + out, foot)};
  for (size_t i = 0; i < 4; ++i) {
    const Vector3 along = corners[(i + 1) % 4] - corners[i];
    build.patch({corners[i], along, Vector3(0, 0, fence.height_m),
                 Vector3(-along.y(), along.x(), 0).normalized(), fence.piece_m},
                colour, material);
  }
}

/// Two rails and two rungs across the nearest rim.
void build_ladder(Builder& build, const Pool& pool, const Point& way_in) {
  const Colour metal(0.72F, 0.74F, 0.76F);
  const double deck = pool.freeboard_m;
  const Point rim = pool.rim(way_in);
  constexpr double kStep_m = 0.05;
  const double dx = pool.inside_m(rim + Point{kStep_m, 0}) - pool.inside_m(rim - Point{kStep_m, 0});
  const double dy = pool.inside_m(rim + Point{0, kStep_m}) - pool.inside_m(rim - Point{0, kStep_m});
  const double angle = std::atan2(dy, dx);
  const Vector3 in(std::cos(angle), std::sin(angle), 0), side(-in.y(), in.x(), 0);
  for (const double s : {-0.25, 0.25}) {
    const Vector3 foot = Vector3(rim.x, rim.y, 0) + side * s;
    build.box({foot + in * 0.06 - Vector3(0, 0, 0.8), Vector3(0.045, 0.045, 0.8 + deck + 0.75),
               angle, metal});
    build.box({foot - in * 0.35 + Vector3(0, 0, deck), Vector3(0.045, 0.045, 0.75), angle, metal});
    build.box({foot - in * 0.145 + Vector3(0, 0, deck + 0.75), Vector3(0.45, 0.045, 0.045), angle,
               metal});
  }
  for (const double z : {-0.3, -0.6})
    build.box({Vector3(rim.x, rim.y, z) + in * 0.06, Vector3(0.06, 0.5, 0.03), angle, metal});
}

/// Draws floats on the water, and towels, loungers and bags on the deck.
std::vector<Scenery::Thing> random_things(Random& random, const Pool& pool) {
  std::vector<Scenery::Thing> things;
  const Pool::Bounds b = pool.bounds();
  const int64_t draws = random.whole(4, 12);
  for (int64_t i = 0; i < draws; ++i) {
    const Point at{random.between(b.low_x - pool.deck_m, b.high_x + pool.deck_m),
                   random.between(b.low_y - pool.deck_m, b.high_y + pool.deck_m)};
    const double inside = pool.inside_m(at);
    const Colour colour(static_cast<float>(random.between(0.1, 0.95)),
                        static_cast<float>(random.between(0.1, 0.9)),
                        static_cast<float>(random.between(0.1, 0.95)));
    const double turn = random.between(0, 2 * M_PI);
    const Vector3 ground(at.x, at.y, pool.freeboard_m);
    if (inside > 1 && random.chance(0.4)) {  // a float
      things.push_back({Vector3(at.x, at.y, -0.02), Vector3(1.5, 0.5, 0.08), turn, colour});
    } else if (inside < -1.4 && inside > -pool.deck_m + 0.4) {
      if (random.chance(0.4)) {  // a towel
        things.push_back({ground, Vector3(1.6, 0.8, 0.015), turn, colour});
      } else if (random.chance(0.6)) {  // a lounger
        things.push_back({ground + Vector3(0, 0, 0.25), Vector3(1.9, 0.65, 0.08), turn,
                          mixed(colour, Colour(0.9F, 0.9F, 0.88F), 0.7)});
        things.push_back({ground, Vector3(1.5, 0.5, 0.25), turn, Colour(0.5F, 0.5F, 0.5F)});
      } else {  // a bag
        things.push_back({ground, Vector3(0.45, 0.25, 0.3), turn, colour});
      }
    }
  }
  return things;
}

}  // namespace

Scenery random_scenery(Random& random, const Pool& pool) {
  Scenery scenery;
  const std::array<Colour, 5> floors = {Colour(0.75F, 0.86F, 0.88F), Colour(0.50F, 0.74F, 0.84F),
                                        Colour(0.86F, 0.88F, 0.86F), Colour(0.42F, 0.62F, 0.66F),
                                        Colour(0.80F, 0.76F, 0.66F)};
  const std::array<Colour, 5> decks = {Colour(0.66F, 0.62F, 0.56F), Colour(0.58F, 0.58F, 0.58F),
                                       Colour(0.70F, 0.56F, 0.46F), Colour(0.46F, 0.36F, 0.27F),
                                       Colour(0.74F, 0.72F, 0.68F)};
  scenery.floor = floors[static_cast<size_t>(random.whole(0, 4))];
  scenery.deck = decks[static_cast<size_t>(random.whole(0, 4))];
  scenery.coping = mixed(scenery.deck, Colour(0.85F, 0.84F, 0.82F), random.between(0.3, 0.9));
  scenery.around = random.chance(0.7) ? Colour(0.24F, 0.36F, 0.13F) : scenery.deck * 0.9F;
  scenery.hedge = random.chance(0.5);
  scenery.fence =
      scenery.hedge ? Colour(0.20F, 0.32F, 0.12F)
                    : mixed(Colour(0.62F, 0.50F, 0.38F), Colour(0.8F, 0.79F, 0.76F), random.unit());
  scenery.fence_m = random.between(1.4, 2.8);
  scenery.lanes = pool.kind == "lanes";
  scenery.things = random_things(random, pool);
  return scenery;
}

std::vector<SceneryVertex> build_scenery(const Pool& pool, const Scenery& scenery) {
  Builder build(pool);
  build_basin(build, pool, scenery);
  const double deck = pool.freeboard_m;
  build.ring({0, kCoping_m, deck, 0.8}, scenery.coping, Material::kCoping);
  build.ring({kCoping_m, pool.deck_m, deck, 0.9}, scenery.deck, Material::kDeck);
  build.ring({pool.deck_m, kFarAway_m, deck - 0.03, 4}, scenery.around, Material::kGrass);
  build_fence(build, pool, {pool.deck_m + 1.6, scenery.fence_m, 1.5}, scenery.fence,
              scenery.hedge ? Material::kHedge : Material::kBoards);
  // Trees or houses far away.
  build_fence(build, pool, {kFarAway_m - 2, 6 * scenery.fence_m, 8}, scenery.fence * 0.8F,
              scenery.hedge ? Material::kBoards : Material::kHedge);
  for (const Point& way_in : pool.ways_in) build_ladder(build, pool, way_in);
  for (const Scenery::Thing& thing : scenery.things) build.box(thing);
  return std::move(build.vertices);
}

std::vector<Eigen::Vector3f> build_surface(const Pool& pool) {
  std::vector<Eigen::Vector3f> vertices;
  for (const auto& cell : cells_of(pool, kSurfaceCell_m)) {
    for (const Point& p : cell)
      vertices.emplace_back(static_cast<float>(p.x), static_cast<float>(p.y), 0.0F);
  }
  return vertices;
}

}  // namespace lido::synth
