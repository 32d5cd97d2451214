// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/pool_points.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace lido::reconstruct {
namespace {

using geometry::Camera;
using geometry::Pool;
using geometry::Vector3;

/// Whether a point can be of the pool or around it. Lamps hang high, and drains are deep.
bool is_near(const Pool& pool, const Vector3& point) {
  constexpr double kAround_m = 10, kAbove_m = 20, kBelow_m = 0.5;
  const auto b = pool.bounds();
  const double beside_m = pool.deck_m + kAround_m;
  return point.x() >= b.low_x - beside_m && point.x() <= b.high_x + beside_m &&
         point.y() >= b.low_y - beside_m && point.y() <= b.high_y + beside_m &&
         point.z() <= kAbove_m && point.z() >= -std::max(pool.shallow_m, pool.deep_m) - kBelow_m;
}

/// Unit in which all points are near the pool: "; in feet they would be".
std::string unit_hint(const std::vector<PoolPoint>& points, const Pool& pool) {
  for (const auto& [name, metres] :
       {std::pair("feet", 0.3048), {"centimetres", 0.01}, {"millimetres", 0.001}}) {
    const auto fits = [&, factor = metres](const PoolPoint& one) {
      return is_near(pool, factor * one.at);
    };
    if (std::ranges::all_of(points, fits))
      return fmt::format("; in {} all points would be near it", name);
  }
  return "";
}

Result<Vector3> read_place(const Yaml& node) {
  const auto three = LIDO_TRY(node.list());
  if (three.size() != 3) return node.refuse("three numbers, metres: [x, y, z]");
  constexpr double kFar = 1e6;
  return Vector3(LIDO_TRY(three[0].number(-kFar, kFar)), LIDO_TRY(three[1].number(-kFar, kFar)),
                 LIDO_TRY(three[2].number(-kFar, kFar)));
}

/// Reader of one file.
class PointsFile {
 public:
  PointsFile(const Yaml& root, const geometry::Site& site) : root_(root), site_(site) {}

  Result<PoolPoints> read() {
    LIDO_TRY(root_.check_keys({"points", "clicks"}));
    LIDO_TRY(read_points());
    for (const auto& [name, node] : LIDO_TRY(root_["clicks"].map()))
      LIDO_TRY(read_camera(name, node));
    if (out_.clicks.empty()) return root_["clicks"].refuse("clicks in one camera at least");
    return std::move(out_);
  }

 private:
  Result<void> read_points() {
    std::vector<Yaml> nodes;
    for (const auto& [name, node] : LIDO_TRY(root_["points"].map())) {
      if (std::ranges::find(out_.points, name, &PoolPoint::name) != out_.points.end())
        return node.refuse(fmt::format("a name that no other point has, not {} again", name));
      Vector3 at = LIDO_TRY(read_place(node));
      at.z() -= site_.level_z;
      out_.points.push_back({name, at});
      nodes.push_back(node);
    }
    Vector3 low(INFINITY, INFINITY, INFINITY), high = -low;
    for (size_t i = 0; i < nodes.size(); ++i) {
      const Vector3& at = out_.points[i].at;
      low = low.cwiseMin(at), high = high.cwiseMax(at);
      if (is_near(site_.pool, at)) continue;
      const auto b = site_.pool.bounds();
      return nodes[i].refuse(fmt::format(
          "a point of the pool or around it, metres: its water reaches from [{:g}, {:g}] to [{:g}, "
          "{:g}]{}",
          b.low_x, b.low_y, b.high_x, b.high_y, unit_hint(out_.points, site_.pool)));
    }
    constexpr double kMinSpan_m = 1;
    if (nodes.size() > 1 && (high - low).norm() < kMinSpan_m)
      return root_["points"].refuse(fmt::format(
          "points that span 1 m or more, in metres; they span {:.3g} m", (high - low).norm()));
    return {};
  }

  Result<void> read_camera(const std::string& name, const Yaml& node) {
    const auto found = std::ranges::find(site_.cameras, name, &Camera::name);
    if (found == site_.cameras.end()) {
      if (site_.cameras.empty()) return node.refuse("no clicks, since the site has no cameras");
      std::vector<std::string> names;
      for (const Camera& one : site_.cameras) names.push_back(one.name);
      return node.refuse(fmt::format("clicks of a camera of the site: {}", fmt::join(names, ", ")));
    }
    const auto camera = static_cast<size_t>(found - site_.cameras.begin());
    for (const auto& [point, pixel] : LIDO_TRY(node.map()))
      LIDO_TRY(read_click(camera, point, pixel));
    return {};
  }

  Result<void> read_click(size_t camera, const std::string& name, const Yaml& node) {
    const auto found = std::ranges::find(out_.points, name, &PoolPoint::name);
    if (found == out_.points.end()) return node.refuse("a click of a point that `points` has");
    const auto point = static_cast<size_t>(found - out_.points.begin());
    for (const Click& one : out_.clicks) {
      if (one.camera == camera && one.point == point)
        return node.refuse("one click of each point in a camera");
    }
    const auto two = LIDO_TRY(node.list());
    if (two.size() != 2) return node.refuse("two numbers, pixels: [x, y]");
    const Camera& of = site_.cameras[camera];
    out_.clicks.push_back(
        {camera,
         point,
         {LIDO_TRY(two[0].number(0, of.width)), LIDO_TRY(two[1].number(0, of.height))}});
    return {};
  }

  const Yaml& root_;
  const geometry::Site& site_;
  PoolPoints out_;
};

/// Corners of rim and floor, and ladders, in the site's axes.
std::vector<PoolPoint> usual_points(const Pool& pool) {
  std::vector<PoolPoint> out;
  for (size_t i = 0; i < pool.outline.size(); ++i) {
    const geometry::Point p = pool.outline[i];
    out.push_back({fmt::format("rim_{}", i + 1), {p.x, p.y, pool.freeboard_m}});
  }
  for (size_t i = 0; i < pool.outline.size(); ++i) {
    const geometry::Point p = pool.outline[i];
    out.push_back({fmt::format("floor_{}", i + 1), {p.x, p.y, -pool.basin_m(p.x)}});
  }
  for (size_t i = 0; i < pool.ways_in.size(); ++i) {
    const geometry::Point p = pool.ways_in[i];
    out.push_back({fmt::format("ladder_{}", i + 1), {p.x, p.y, pool.freeboard_m}});
  }
  return out;
}

}  // namespace

Result<PoolPoints> read_pool_points(std::string_view text, const std::string& file,
                                    const geometry::Site& site) {
  const Yaml root = LIDO_TRY(Yaml::parse(text, file));
  return PointsFile(root, site).read();
}

std::string points_template(const geometry::Site& site) {
  std::string text =
      "# Points of the pool whose place is known, and where each camera sees them.\n"
      "# Metres, in the axes of site.yaml. Add what is easy to find in the images: ends of lane\n"
      "# lines, tiles, lamps, marks on the floor. Measure each to a few millimetres.\n"
      "points:\n";
  const auto points = usual_points(site.pool);
  for (const PoolPoint& one : points)
    text += fmt::format("  {}: [{:.3f}, {:.3f}, {:.3f}]\n", one.name, one.at.x(), one.at.y(),
                        one.at.z() + site.level_z);
  text +=
      "# Pixels from the left and top edge of the image. These are where site.yaml has the\n"
      "# points: replace them by where you see them, and delete those that are hidden.\n"
      "# Each camera wants six clicks or more; lido calibrate warns of one with fewer.\n"
      "clicks:\n";
  for (const Camera& camera : site.cameras) {
    std::string clicks;
    for (const PoolPoint& one : points) {
      const auto pixel = camera.project_through_water(one.at);
      if (pixel && camera.contains(*pixel))
        clicks += fmt::format("    {}: [{:.1f}, {:.1f}]\n", one.name, pixel->x(), pixel->y());
    }
    if (!clicks.empty()) text += fmt::format("  {}:\n{}", camera.name, clicks);
  }
  return text;
}

}  // namespace lido::reconstruct
