// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lido/geometry/site.h"
#include "lido/report/placed_people.h"
#include "lido/scene/canvas.h"

namespace lido::report {

/// Draws a site and its people from above: x to the right, y up. Pool with its depth, zones,
/// cameras; people as discs, rings where the head is under water, with number, depth and their
/// path in the last kPath_s seconds. Not thread-safe.
class PlanView {
 public:
  static constexpr int kWidth = 1280, kHeight = 720;
  static constexpr double kPath_s = 5;

  /// @param note  Written beside the time.
  PlanView(const geometry::Site& site, std::string note);

  /// Draws the people of a moment, and adds them to their paths.
  /// @param time_s  Later than that of the call before.
  media::Image draw(double time_s, std::span<const PlacedPerson> people);

  /// Place of a point of the site in the images.
  scene::PixelPlace at(geometry::Point point) const;

 private:
  void draw_water(const geometry::Pool& pool);
  void draw_zones(const geometry::Site& site);
  void draw_camera(const geometry::Camera& camera);
  void draw_scale();
  void draw_path(scene::Canvas& canvas, int64_t person, double time_s) const;
  void draw_person(scene::Canvas& canvas, const PlacedPerson& person) const;
  std::vector<scene::PixelPlace> places_of(const std::vector<geometry::Point>& outline) const;

  std::string note_;
  double pixels_per_m_ = 1;
  double left_m_ = 0, top_m_ = 0;  ///< x and y of the site at the image's upper left corner.
  media::Image background_;
  /// Times and places of each person, oldest first.
  std::map<int64_t, std::deque<std::pair<double, geometry::Point>>> paths_;
};

}  // namespace lido::report
