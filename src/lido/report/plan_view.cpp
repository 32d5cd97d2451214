// SPDX-License-Identifier: Apache-2.0
#include "lido/report/plan_view.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "lido/geometry/outline.h"
#include "lido/scene/draw.h"

namespace lido::report {
namespace {

using geometry::Point;
using scene::Canvas;
using scene::Color;
using scene::PixelPlace;

constexpr Color kPaper = {238, 236, 231}, kDeck = {222, 217, 208}, kInk = {48, 54, 62},
                kRim = {60, 96, 122}, kFaint = {110, 118, 126};
constexpr Color kShallow = {196, 228, 240}, kDeep = {104, 166, 204};
constexpr double kTextSize = 0.55;
constexpr double kMargin_px = 24, kCaption_px = 34;

/// Bounds of deck and cameras. A camera that is far away is drawn at the border.
geometry::Pool::Bounds bounds_of(const geometry::Site& site) {
  auto bounds = site.pool.bounds();
  const double far_m = std::max({site.pool.deck_m, 3.0, 0.25 * (bounds.high_x - bounds.low_x)});
  const auto pool = bounds;
  const double deck_m = site.pool.deck_m;
  bounds = {pool.low_x - deck_m, pool.low_y - deck_m, pool.high_x + deck_m, pool.high_y + deck_m};
  for (const geometry::Camera& one : site.cameras) {
    const double x = std::clamp(one.position.x(), pool.low_x - far_m, pool.high_x + far_m);
    const double y = std::clamp(one.position.y(), pool.low_y - far_m, pool.high_y + far_m);
    bounds = {std::min(bounds.low_x, x), std::min(bounds.low_y, y), std::max(bounds.high_x, x),
              std::max(bounds.high_y, y)};
  }
  return bounds;
}

Color between(const Color& a, const Color& b, double share) {
  Color out{};
  for (size_t i = 0; i < 3; ++i)
    out[i] = static_cast<uint8_t>(std::lround(a[i] + share * (b[i] - a[i])));
  return out;
}

/// Place in a direction, `length_px` away.
PixelPlace turned(PixelPlace from, double angle_rad, double length_px) {
  return {from.x + length_px * std::cos(angle_rad), from.y + length_px * std::sin(angle_rad)};
}

/// Colour of a zone, and how much of it is seen.
std::pair<Color, double> tint_of(geometry::ZoneKind kind) {
  switch (kind) {
    case geometry::ZoneKind::kDeepEnd:
      return {{20, 60, 140}, 0.14};
    case geometry::ZoneKind::kToddlerArea:
      return {{255, 170, 60}, 0.25};
    case geometry::ZoneKind::kExit:
      return {{70, 160, 80}, 0.25};
    case geometry::ZoneKind::kWater:
    case geometry::ZoneKind::kDeck:
      break;
  }
  return {kInk, 0};
}

Point middle_of(const std::vector<Point>& outline) {
  Point sum;
  for (const Point& one : outline) sum = sum + one;
  return sum * (1.0 / static_cast<double>(std::max<size_t>(1, outline.size())));
}

/// Ellipse of one standard deviation from above, metres; half axes and angle.
scene::PixelEllipse spread_of(const PlacedPerson& person) {
  Eigen::Matrix2d sum = Eigen::Matrix2d::Zero();
  for (const PlacedJoint& one : person.joints) sum += one.covariance.topLeftCorner<2, 2>();
  if (person.joints.empty() || !sum.allFinite()) return {};
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d> solver(
      sum / static_cast<double>(person.joints.size()));
  const Eigen::Vector2d along = solver.eigenvectors().col(1);
  // The image's y points down.
  return {{},
          std::sqrt(std::max(0.0, solver.eigenvalues()[1])),
          std::sqrt(std::max(0.0, solver.eigenvalues()[0])),
          std::atan2(-along.y(), along.x())};
}

}  // namespace

PlanView::PlanView(const geometry::Site& site, std::string note)
    : note_(std::move(note)), background_{kWidth, kHeight, {}} {
  for (int i = 0; i < kWidth * kHeight; ++i)
    background_.rgb.insert(background_.rgb.end(), kPaper.begin(), kPaper.end());
  const auto bounds = bounds_of(site);
  const double width_px = kWidth - 2 * kMargin_px;
  const double height_px = kHeight - 2 * kMargin_px - kCaption_px;
  const double width_m = bounds.high_x - bounds.low_x, height_m = bounds.high_y - bounds.low_y;
  pixels_per_m_ = std::min(width_px / width_m, height_px / height_m);
  left_m_ = (bounds.low_x + bounds.high_x) / 2 - kWidth / 2.0 / pixels_per_m_;
  top_m_ = (bounds.low_y + bounds.high_y) / 2 + (kHeight - kCaption_px) / 2 / pixels_per_m_;
  Canvas canvas(background_);
  const auto pool = site.pool.bounds();
  const double deck_m = site.pool.deck_m;
  canvas.fill(places_of({{pool.low_x - deck_m, pool.low_y - deck_m},
                         {pool.high_x + deck_m, pool.low_y - deck_m},
                         {pool.high_x + deck_m, pool.high_y + deck_m},
                         {pool.low_x - deck_m, pool.high_y + deck_m}}),
              kDeck, 1);
  draw_water(site.pool);
  draw_zones(site);
  for (const geometry::Camera& one : site.cameras) draw_camera(one);
  draw_scale();
}

PixelPlace PlanView::at(Point point) const {
  return {(point.x - left_m_) * pixels_per_m_, (top_m_ - point.y) * pixels_per_m_};
}

std::vector<PixelPlace> PlanView::places_of(const std::vector<Point>& outline) const {
  std::vector<PixelPlace> places;
  for (const Point& one : outline) places.push_back(at(one));
  return places;
}

void PlanView::draw_water(const geometry::Pool& pool) {
  const double shallow_m = std::min(pool.shallow_m, pool.deep_m);
  const double range_m = std::max(0.01, std::abs(pool.deep_m - pool.shallow_m));
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const Point point{left_m_ + (x + 0.5) / pixels_per_m_, top_m_ - (y + 0.5) / pixels_per_m_};
      if (!pool.is_water(point)) continue;
      const double share = std::clamp((pool.basin_m(point.x) - shallow_m) / range_m, 0.0, 1.0);
      const Color color = between(kShallow, kDeep, share);
      std::ranges::copy(color, background_.rgb.begin() + 3 * (int64_t{y} * kWidth + x));
    }
  }
  Canvas canvas(background_);
  canvas.polyline(places_of(pool.outline), true, kRim, 2);
  const auto bounds = pool.bounds();
  const double inset_m = 30 / pixels_per_m_;
  for (const double x : {bounds.low_x + inset_m, bounds.high_x - inset_m}) {
    const Point point{x, bounds.low_y + inset_m / 2};
    if (!pool.is_water(point)) continue;
    canvas.text(
        at(point),
        fmt::format("{:.1f} m",
                    pool.basin_m(x < bounds.low_x + 2 * inset_m ? bounds.low_x : bounds.high_x)),
        kInk, 0.9 * kTextSize, scene::TextSide::kMiddle);
  }
}

void PlanView::draw_zones(const geometry::Site& site) {
  Canvas canvas(background_);
  for (const geometry::Zone& zone : site.use.zones) {
    const auto corners = places_of(zone.outline);
    if (corners.empty()) continue;
    const auto [color, opacity] = tint_of(zone.kind);
    if (opacity > 0) canvas.fill(corners, color, opacity);
    for (size_t i = 0; i < corners.size(); ++i)
      canvas.dashes(corners[i], corners[(i + 1) % corners.size()], kFaint, 1, 6);
    // Near the upper edge, where fewer people are than in the middle.
    const Point middle = middle_of(zone.outline);
    const auto top = std::ranges::min(corners, {}, &PixelPlace::y);
    const double y_m = top_m_ - (top.y + 12) / pixels_per_m_;
    PixelPlace place = at(middle);
    if (geometry::contains(zone.outline, {middle.x, y_m})) place.y = top.y + 12;
    canvas.text({place.x, place.y + 5}, zone.name, kInk, 0.85 * kTextSize,
                scene::TextSide::kMiddle);
  }
}

void PlanView::draw_camera(const geometry::Camera& camera) {
  Canvas canvas(background_);
  PixelPlace place = at({camera.position.x(), camera.position.y()});
  place.x = std::clamp(place.x, kMargin_px, kWidth - kMargin_px);
  place.y = std::clamp(place.y, kMargin_px, kHeight - kCaption_px - kMargin_px);
  const Eigen::Vector3d ahead = camera.cam_from_world.row(2);
  const double angle_rad = std::atan2(-ahead.y(), ahead.x());
  const double half_rad = std::min(1.2, std::atan2(camera.width / 2.0, camera.fx));
  constexpr double kSight_px = 46, kBody_px = 7;
  const std::array<PixelPlace, 3> sight = {place, turned(place, angle_rad - half_rad, kSight_px),
                                           turned(place, angle_rad + half_rad, kSight_px)};
  canvas.fill(sight, kInk, 0.16);
  canvas.disc(place, kBody_px, kInk);
  // Behind the camera, where no sight is drawn.
  const bool is_above = ahead.y() < 0;
  canvas.text({place.x, place.y + (is_above ? -12 : 23)}, camera.name, kInk, kTextSize,
              scene::TextSide::kMiddle);
}

void PlanView::draw_scale() {
  Canvas canvas(background_);
  double length_m = 1;
  for (const double one : {2.0, 5.0, 10.0, 20.0}) {
    if (one * pixels_per_m_ < 0.2 * kWidth) length_m = one;
  }
  const double right = kWidth - kMargin_px, y = kHeight - kCaption_px - 12;
  const double left = right - length_m * pixels_per_m_;
  canvas.line({left, y}, {right, y}, kInk, 2);
  for (const double x : {left, right}) canvas.line({x, y - 5}, {x, y + 5}, kInk, 2);
  canvas.text({(left + right) / 2, y - 8}, fmt::format("{:g} m", length_m), kInk, 0.9 * kTextSize,
              scene::TextSide::kMiddle);
}

void PlanView::draw_path(Canvas& canvas, int64_t person, double time_s) const {
  std::vector<PixelPlace> places;
  const auto path = paths_.find(person);
  if (path == paths_.end()) return;
  double last_s = -INFINITY;
  constexpr double kMaxGap_s = 1;
  const Color color = between(scene::track_color(person), kInk, 0.15);
  for (const auto& [at_s, point] : path->second) {
    if (at_s > time_s) break;
    // Where a person was lost, no path is claimed.
    if (at_s - last_s > kMaxGap_s) {
      canvas.polyline(places, false, color, 2);
      places.clear();
    }
    places.push_back(at(point));
    last_s = at_s;
  }
  if (places.size() > 1) canvas.polyline(places, false, color, 2);
}

void PlanView::draw_person(Canvas& canvas, const PlacedPerson& person) const {
  constexpr double kRadius_px = 9;
  const geometry::Vector3 middle = person.middle();
  const PixelPlace place = at({middle.x(), middle.y()});
  const Color color = scene::track_color(person.id);
  scene::PixelEllipse spread = spread_of(person);
  if (spread.a >= kUncertain_m) {
    spread.center = place;
    spread.a = std::max(kRadius_px + 4, spread.a * pixels_per_m_);
    spread.b = std::max(kRadius_px + 4, spread.b * pixels_per_m_);
    canvas.ellipse(spread, kInk, 1);
  }
  if (person.head_depth_m().value_or(0) > 0) {
    canvas.ring(place, kRadius_px - 1, kInk, 5);
    canvas.ring(place, kRadius_px - 1, color, 3);
  } else {
    canvas.disc(place, kRadius_px, kInk);
    canvas.disc(place, kRadius_px - 1, color);
  }
  canvas.label({place.x + kRadius_px + 5, place.y - kRadius_px + 2}, label_of(person), color,
               kTextSize);
}

media::Image PlanView::draw(double time_s, std::span<const PlacedPerson> people) {
  for (const PlacedPerson& person : people) {
    const geometry::Vector3 middle = person.middle();
    paths_[person.id].emplace_back(time_s, Point{middle.x(), middle.y()});
  }
  for (auto& [id, path] : paths_) {
    while (!path.empty() && path.front().first < time_s - kPath_s) path.pop_front();
  }
  std::erase_if(paths_, [](const auto& one) { return one.second.empty(); });
  media::Image image = background_;
  Canvas canvas(image);
  for (const auto& [id, path] : paths_) draw_path(canvas, id, time_s);
  for (const PlacedPerson& person : people) draw_person(canvas, person);
  const double top = kHeight - kCaption_px;
  const std::array<PixelPlace, 4> bar = {
      {{0, top}, {kWidth, top}, {kWidth, kHeight}, {0, kHeight}}};
  canvas.fill(bar, kInk, 1);
  constexpr Color kText = {228, 231, 235};
  const double baseline = kHeight - 12;
  canvas.text({kMargin_px, baseline}, fmt::format("{:.2f} s   {}", time_s, note_), kText,
              kTextSize);
  double x = kWidth - kMargin_px;
  const auto add = [&](const char* meaning) {
    canvas.text({x, baseline}, meaning, kText, kTextSize, scene::TextSide::kLeft);
    x -= Canvas::text_width(meaning, kTextSize) + 14;
  };
  add("last 5 s");
  canvas.line({x - 16, baseline - 5}, {x + 2, baseline - 5}, kText, 2);
  x -= 44;
  add("head under water");
  canvas.ring({x - 2, baseline - 5}, 6, kText, 2);
  x -= 32;
  add("head above water");
  canvas.disc({x - 2, baseline - 5}, 7, kText);
  return image;
}

}  // namespace lido::report
