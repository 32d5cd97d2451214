// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/placement.h"

#include <algorithm>
#include <cmath>

namespace lido::synth {
namespace {

using geometry::Point;
using geometry::Vector3;

/// Strongest barrel distortion (k1 < 0) with which a Brown-Conrady lens of k1 alone still covers
/// the corners of the image: r (1 + k1 r^2) has its maximum, 2/3 r, at r = sqrt(-1 / (3 k1)).
double min_covering_k1(const SimulatedCamera& camera) {
  constexpr double kMargin = 0.98;
  return -kMargin * 4 / 27 / std::pow(camera.corner_radius(), 2);
}

/// Draws focal length, principal point, and distortion.
void draw_lens(SimulatedCamera& camera, Random& random, const Randomisation& from) {
  const double half_rad = from.degrees.draw(random) * kDegree_rad / 2;
  const bool is_fisheye = random.chance(from.fisheye);
  camera.lens = is_fisheye ? geometry::Lens::kFisheye : geometry::Lens::kBrown;
  camera.fx = camera.width / 2.0 / (is_fisheye ? half_rad : std::tan(half_rad));
  camera.fy = camera.fx * (1 + from.principal_point.draw(random) / 4);
  camera.cx = camera.width * (0.5 + from.principal_point.draw(random));
  camera.cy = camera.height * (0.5 + from.principal_point.draw(random));
  const double k1 = from.k1.draw(random);
  // An equidistant fisheye differs from its model by a little only.
  constexpr double kFisheyeShare = 0.25;
  camera.k[0] = is_fisheye ? kFisheyeShare * k1 : std::max(k1, min_covering_k1(camera));
  if (is_fisheye) return;
  camera.k[2] = from.tangential.draw(random);
  camera.k[3] = from.tangential.draw(random);
}

/// Draws where a camera stands and looks.
SimulatedCamera draw_view(Random& random, const Pool& pool, const CameraWishes& wishes,
                          const Randomisation& from, size_t number) {
  const auto [low_x, low_y, high_x, high_y] = pool.bounds();
  const Vector3 middle((low_x + high_x) / 2, (low_y + high_y) / 2, 0);
  // The first two cameras look from opposite corners or sides, anywhere along the deck.
  const double out = random.between(0.4, 1.0) * pool.deck_m;
  const bool right = number % 2 == 1, far = number % 4 == 1 || number % 4 == 2;
  const double along = random.chance(0.5) ? 0 : random.between(0, 0.6);
  const bool slides_x = random.chance(0.5);
  double x = right ? high_x + out : low_x - out, y = far ? high_y + out : low_y - out;
  if (slides_x) x += (middle.x() - x) * along;
  if (!slides_x) y += (middle.y() - y) * along;
  const Vector3 at(x, y, from.camera_height_m.draw(random));
  const Vector3 seen = middle + Vector3(random.between(-0.15, 0.15) * (high_x - low_x),
                                        random.between(-0.15, 0.15) * (high_y - low_y), -0.3);
  // Looks down at the water, not at the sky: the axis meets the surface at 6 to 10 m.
  const double away = (seen - at).norm(), wanted = random.between(6, 10);
  Vector3 target = at + (seen - at) * std::min(1.0, wanted / away);
  target.z() = -0.3;
  constexpr double kAnyDegrees = 80;
  SimulatedCamera camera{geometry::look_at(at, target, kAnyDegrees, wishes.width, wishes.height)};
  geometry::roll(camera, from.roll_deg.draw(random) * kDegree_rad);
  draw_lens(camera, random, from);
  return camera;
}

/// Draws a camera in a wall of the basin, behind a flat port.
SimulatedCamera draw_underwater_view(Random& random, const Pool& pool, const CameraWishes& wishes,
                                     const Randomisation& from) {
  const Pool::Bounds b = pool.bounds();
  constexpr double kFromWall_m = 0.15, kMaxDepth_m = 1.2;
  // A point of the rim, and from there toward the middle of the basin.
  const Point middle{(b.low_x + b.high_x) / 2, (b.low_y + b.high_y) / 2};
  Point at = middle;
  for (int i = 0; i < 100 && std::abs(pool.inside_m(at) - kFromWall_m) > 0.05; ++i) {
    const Point anywhere{random.between(b.low_x, b.high_x), random.between(b.low_y, b.high_y)};
    const Point rim = pool.rim(anywhere), inward = anywhere - rim;
    if (!pool.is_water(anywhere) || inward.length() < kFromWall_m) continue;
    at = rim + inward * (kFromWall_m / inward.length());
  }
  const double depth_m = pool.depth_m(at);
  const double z = -random.between(0.25, 0.7) * std::min(depth_m, kMaxDepth_m);
  const Vector3 target(middle.x + random.between(-0.2, 0.2) * (b.high_x - b.low_x),
                       middle.y + random.between(-0.2, 0.2) * (b.high_y - b.low_y),
                       -random.between(0.3, 0.6) * depth_m);
  constexpr double kAnyDegrees = 80;
  SimulatedCamera camera{
      geometry::look_at({at.x, at.y, z}, target, kAnyDegrees, wishes.width, wishes.height)};
  geometry::roll(camera, from.roll_deg.draw(random) * kDegree_rad);
  draw_lens(camera, random, from);
  return camera;
}

/// Draws the faults of a film.
/// @param per_day  Mean number of faults a day.
std::vector<CameraFault> draw_faults(Random& random, double per_day, double duration_s) {
  std::vector<CameraFault> faults;
  if (per_day <= 0) return faults;
  constexpr double kDay_s = 86400, kMedian_s = 60, kSpread = 1.2, kMaxTurn_deg = 5;
  for (double at_s = random.exponential(kDay_s / per_day); at_s < duration_s;
       at_s += random.exponential(kDay_s / per_day)) {
    CameraFault fault{static_cast<CameraFault::Kind>(random.whole(0, 4)), at_s,
                      kMedian_s * std::exp(kSpread * random.normal())};
    // A knocked camera stays as it is.
    if (fault.kind == CameraFault::Kind::kKnock) fault.for_s = duration_s - at_s;
    for (double& turn : fault.turn_rad)
      turn = random.between(-kMaxTurn_deg, kMaxTurn_deg) * kDegree_rad;
    faults.push_back(fault);
  }
  return faults;
}

void draw_sensor(SimulatedCamera& camera, Random& random, const CameraWishes& wishes,
                 const Randomisation& from) {
  camera.noise = from.noise.draw(random);
  camera.softness = from.softness.draw(random);
  camera.dirt = random.chance(from.dirty) ? from.dirt.draw(random) : 0;
  camera.shutter_s = (wishes.night ? from.night_shutter_s : from.shutter_s).draw(random);
  camera.exposure = from.exposure.draw(random);
  camera.clock.offset_s = from.clock_offset_s.draw(random);
  camera.clock.drift_ppm = from.clock_drift_ppm.draw(random);
  camera.bitrate_mbps = from.bitrate_mbps.draw(random);
  camera.drops = from.drops.draw(random);
  camera.overlay = random_overlay(random);
  camera.faults = draw_faults(random, from.faults_per_day, wishes.duration_s);
}

}  // namespace

double shared_basin(const std::vector<SimulatedCamera>& cameras, const Pool& pool) {
  constexpr double kStep_m = 0.5;
  const Pool::Bounds b = pool.bounds();
  int shared = 0, all = 0;
  for (double x = b.low_x + kStep_m / 2; x < b.high_x; x += kStep_m) {
    for (double y = b.low_y + kStep_m / 2; y < b.high_y; y += kStep_m) {
      if (!pool.is_water({x, y})) continue;
      ++all;
      int views = 0;
      for (const SimulatedCamera& camera : cameras) {
        const auto pixel = camera.project({x, y, 0});
        if (pixel && camera.contains(*pixel)) ++views;
      }
      if (views >= 2) ++shared;
    }
  }
  return all > 0 ? static_cast<double>(shared) / all : 0;
}

std::vector<SimulatedCamera> random_cameras(Random& random, const Pool& pool,
                                            const CameraWishes& wishes, const Randomisation& from) {
  // Draws again until enough of the basin is shared; narrow ranges keep their best draw.
  constexpr int kMaxDraws = 400;
  constexpr double kMinUnderwaterDepth_m = 0.6;
  std::vector<SimulatedCamera> best;
  double best_shared = -1;
  for (int i = 0; i < kMaxDraws && best_shared < kMinSharedBasin; ++i) {
    std::vector<SimulatedCamera> drawn;
    for (size_t number = 0; number < wishes.count; ++number)
      drawn.push_back(draw_view(random, pool, wishes, from, number));
    const double shared = wishes.count < 2 ? 1 : shared_basin(drawn, pool);
    if (shared <= best_shared) continue;
    best_shared = shared;
    best = std::move(drawn);
  }
  for (size_t number = 0; number < best.size(); ++number) {
    if (random.chance(from.underwater) && pool.shallow_m > kMinUnderwaterDepth_m)
      best[number] = draw_underwater_view(random, pool, wishes, from);
    best[number].name = fmt::format("cam{}", number + 1);
    draw_sensor(best[number], random, wishes, from);
  }
  return best;
}

std::vector<SimulatedCamera> with_calibration_errors(std::vector<SimulatedCamera> cameras,
                                                     double errors, const Random& random) {
  constexpr double kTurn_deg = 0.3, kPlace_m = 0.03, kFocal = 0.005, kPrincipal = 0.005,
                   kDistortion = 0.005, kClock_s = 0.04;
  uint64_t stream = 0;
  for (SimulatedCamera& camera : cameras) {
    Random own = random.split(++stream);
    const auto error = [&](double deviation) { return errors * deviation * own.normal(); };
    const auto vector = [&](double deviation) {
      const double x = error(deviation), y = error(deviation), z = error(deviation);
      return Vector3(x, y, z);
    };
    const Vector3 turn = vector(kTurn_deg * kDegree_rad / std::sqrt(3));
    camera.cam_from_world =
        Eigen::AngleAxisd(turn.norm(), turn.stableNormalized()).toRotationMatrix() *
        camera.cam_from_world;
    camera.position += vector(kPlace_m / std::sqrt(3));
    const double focal = 1 + error(kFocal);
    camera.fx *= focal;
    camera.fy *= focal;
    camera.cx += error(kPrincipal) * camera.width;
    camera.cy += error(kPrincipal) * camera.width;
    camera.k[0] += error(kDistortion);
    // read_site() refuses a lens that does not cover the image.
    if (camera.lens == geometry::Lens::kBrown && camera.k[1] == 0 && camera.k[4] == 0)
      camera.k[0] = std::max(camera.k[0], min_covering_k1(camera));
    camera.clock.offset_s += error(kClock_s);
  }
  return cameras;
}

}  // namespace lido::synth
