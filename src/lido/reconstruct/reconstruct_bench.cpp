// SPDX-License-Identifier: Apache-2.0
// Measures triangulation through water on one core: ./dev bench reconstruct.
// Usage: reconstruct_bench [POINTS]
// Prints microseconds for one projection through water with derivatives, and for one point of six
// cameras, and the error beside the Cramer-Rao bound. Measured in simulation.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <ctime>

#include "lido/geometry/projection.h"
#include "lido/reconstruct/test_pool.h"

namespace {

using namespace lido;
using namespace lido::reconstruct;

/// CPU time of this process, so that other work on the machine does not count.
class Clock {
 public:
  double us() const { return 1e6 * static_cast<double>(std::clock() - start_) / CLOCKS_PER_SEC; }

 private:
  std::clock_t start_ = std::clock();
};

}  // namespace

int main(int count, char** words) {
  const int wanted = count > 1 ? std::atoi(words[1]) : 20000;
  const auto cameras = six_cameras();
  NoisySight sight(1, 1);
  std::vector<geometry::Vector3> points;
  std::vector<std::vector<Sighting>> sightings;
  while (static_cast<int>(points.size()) < wanted) {
    const geometry::Vector3 point = sight.point(-2, -0.05);
    auto seen = sight.of(cameras, point);
    if (seen.size() < 2) continue;
    points.push_back(point);
    sightings.push_back(std::move(seen));
  }
  size_t views = 0;
  double sum = 0;
  const Clock projecting;
  for (size_t i = 0; i < points.size(); ++i) {
    for (const Sighting& one : sightings[i]) {
      sum += geometry::differentiate(cameras[one.camera], points[i])->by_point(0, 0);
      ++views;
    }
  }
  const double projection_us = projecting.us() / static_cast<double>(views);
  double error2 = 0, bound2 = 0;
  std::vector<Result<Triangulation>> found;
  const Clock triangulating;
  for (const auto& one : sightings) found.push_back(triangulate(cameras, one));
  const double point_us = triangulating.us() / static_cast<double>(points.size());
  int lost = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    if (!found[i] || found[i]->used.size() < sightings[i].size()) {
      ++lost;
      continue;
    }
    error2 += (found[i]->point_in_world - points[i]).squaredNorm();
    bound2 += cramer_rao(cameras, sightings[i], points[i]).trace();
  }
  const double kept = static_cast<double>(points.size()) - lost;
  fmt::print(
      "{{\"points\": {}, \"views_per_point\": {:.2f}, \"projection_us\": {:.3f}, "
      "\"point_us\": {:.3f}, \"rms_mm\": {:.2f}, \"cramer_rao_mm\": {:.2f}, "
      "\"ratio\": {:.3f}, \"with_a_sighting_left_out\": {}}}\n",
      points.size(), static_cast<double>(views) / static_cast<double>(points.size()), projection_us,
      point_us, 1e3 * std::sqrt(error2 / kept), 1e3 * std::sqrt(bound2 / kept),
      std::sqrt(error2 / bound2), lost);
  return sum == 0.5;  // keeps the first loop
}
