// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/site_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lido/geometry/outline.h"

namespace lido::geometry {
namespace {

/// Points in the water, on a grid.
std::vector<Vector3> points_in(const Pool& pool) {
  const Pool::Bounds b = pool.bounds();
  constexpr double kDepth_m = 0.3;
  const double step_m = std::max({0.5, (b.high_x - b.low_x) / 100, (b.high_y - b.low_y) / 100});
  std::vector<Vector3> points;
  for (double x = b.low_x + step_m / 2; x < b.high_x; x += step_m) {
    for (double y = b.low_y + step_m / 2; y < b.high_y; y += step_m) {
      if (pool.is_water({x, y}))
        points.emplace_back(x, y, -std::min(kDepth_m, pool.basin_m(x) / 2));
    }
  }
  return points;
}

void add_warnings(const Site& site, SiteView& view) {
  if (site.cameras.empty())
    view.warnings.emplace_back(
        "no cameras, so that none of the water is in view. Add `cameras`; lido site init prints "
        "examples");
  for (size_t i = 0; i < site.cameras.size(); ++i) {
    if (view.of_cameras[i] == 0)
      view.warnings.push_back(
          fmt::format("{}: sees no water. Check `looks_at` or `cam_from_world`, and that lengths "
                      "are in metres",
                      site.cameras[i].name));
  }
  constexpr double kMinShared = 0.8;
  if (site.cameras.size() >= 2 && view.by_two < kMinShared)
    view.warnings.push_back(fmt::format(
        "two cameras see {:.0f}% of the water, want {:.0f}% or more for people in 3D: turn a "
        "camera, or add one",
        100 * view.by_two, 100 * kMinShared));
  for (size_t i = 0; i < site.cameras.size(); ++i) {
    for (size_t j = i + 1; j < site.cameras.size(); ++j) {
      constexpr double kMinBase_m = 0.1;
      const Vector3 between = site.cameras[i].position - site.cameras[j].position;
      if (between.norm() < kMinBase_m)
        view.warnings.push_back(
            fmt::format("{} and {} are in one place: together they give no "
                        "distances",
                        site.cameras[i].name, site.cameras[j].name));
    }
  }
}

}  // namespace

SiteView view_of(const Site& site) {
  SiteView view{.water_m2 = signed_area_m2(site.pool.outline),
                .of_cameras = std::vector<double>(site.cameras.size(), 0)};
  const std::vector<Vector3> points = points_in(site.pool);
  if (points.empty()) return view;
  const double share = 1 / static_cast<double>(points.size());
  for (const Vector3& point : points) {
    int seen = 0;
    for (size_t i = 0; i < site.cameras.size(); ++i) {
      const auto pixel = site.cameras[i].project_through_water(point);
      if (!pixel || !site.cameras[i].contains(*pixel)) continue;
      view.of_cameras[i] += share;
      ++seen;
    }
    view.by_one += seen >= 1 ? share : 0;
    view.by_two += seen >= 2 ? share : 0;
  }
  add_warnings(site, view);
  return view;
}

}  // namespace lido::geometry
