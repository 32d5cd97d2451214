// SPDX-License-Identifier: Apache-2.0
#include "lido/report/people_drawing.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "lido/geometry/projection.h"
#include "lido/scene/draw.h"
#include "lido/scene/pose.h"

namespace lido::report {
namespace {

using geometry::Vector3;
using scene::Canvas;
using scene::Color;
using scene::PixelPlace;

constexpr Color kDark = {18, 20, 24}, kWhite = {255, 255, 255}, kBright = {225, 228, 232};

/// Sizes of marks, pixels.
struct Marks {
  int line = 1;
  int rim = 2;  ///< Thickness of a line's dark rim.
  double joint = 3;
  double dash = 4;
  bool has_face = true;  ///< Whether eyes and ears have marks.
};

/// Marks shrink with the image and with people who are far away.
Marks marks_for(int side, double person_px) {
  const double scale = std::max(1.0, side / 360.0);
  const double near = std::clamp(person_px / (90 * scale), 0.6, 1.0);
  Marks marks{.joint = 2.6 * scale * near};
  marks.line = static_cast<int>(std::lround((near < 1 ? 1.0 : 1.6) * scale));
  marks.dash = 3 * scale * near + marks.line;
  marks.rim = marks.line + (marks.line > 1 ? 2 : 1);
  marks.has_face = person_px > 150 * scale;
  return marks;
}

bool is_of_face(const std::string& joint) {
  return joint.ends_with("_eye") || joint.ends_with("_ear");
}

/// A joint as one camera shows it.
struct ShownJoint {
  const PlacedJoint* joint = nullptr;
  PixelPlace place;
  bool is_seen = false;  ///< By this camera.
};

/// Draws one person.
class PersonDrawing {
 public:
  PersonDrawing(const PlacedPerson& person, const geometry::Camera& camera,
                const media::Geometry& geometry)
      : person_(person),
        camera_(camera),
        geometry_(geometry),
        color_(scene::track_color(person.id)) {
    std::vector<std::string> names;
    for (const PlacedJoint& one : person.joints) {
      const auto place = place_of(one.point_in_world);
      if (!place) continue;
      joints_.push_back({&one, *place, one.is_seen_by(camera.name)});
      names.push_back(one.name);
    }
    limbs_ = scene::limbs(names);
  }

  void draw(Canvas& canvas) const {
    if (joints_.empty()) return;
    const auto by_x = [](const ShownJoint& one) { return one.place.x; };
    const auto by_y = [](const ShownJoint& one) { return one.place.y; };
    const auto [left, right] = std::ranges::minmax(joints_, {}, by_x);
    const auto [top, bottom] = std::ranges::minmax(joints_, {}, by_y);
    const double person_px = std::max(right.place.x - left.place.x, bottom.place.y - top.place.y);
    const Marks marks = marks_for(std::min(canvas.width(), canvas.height()), person_px);
    // A dark rim keeps thin lines apart from bright water.
    for (const bool is_rim : {true, false}) {
      for (const auto& [from, to] : limbs_)
        draw_limb(canvas, joints_[from], joints_[to], marks, is_rim);
    }
    for (const ShownJoint& one : joints_) draw_joint(canvas, one, marks);
    draw_label(canvas, {(left.place.x + right.place.x) / 2, top.place.y - 3 * marks.joint - 5});
  }

 private:
  std::optional<PixelPlace> place_of(const Vector3& point) const {
    const auto pixel = camera_.project_through_water(point);
    if (!pixel) return std::nullopt;
    return PixelPlace{pixel->x() * geometry_.scale_x + geometry_.offset_x,
                      pixel->y() * geometry_.scale_y + geometry_.offset_y};
  }

  void draw_limb(Canvas& canvas, const ShownJoint& a, const ShownJoint& b, const Marks& marks,
                 bool is_rim) const {
    const bool is_face = is_of_face(a.joint->name) || is_of_face(b.joint->name);
    if (is_face && !marks.has_face) return;
    const bool is_seen = a.is_seen && b.is_seen;
    const auto draw_part = [&](PixelPlace from, PixelPlace to, bool is_under) {
      // Under water the dashes are on a dark line, which is seen on any tiles.
      if (is_rim)
        canvas.line(from, to, kDark, is_under || !is_seen ? marks.line : marks.rim);
      else if (is_under)
        canvas.dashes(from, to, color_, marks.line, marks.dash);
      else
        canvas.line(from, to, color_, is_seen ? marks.line : std::max(1, marks.line - 1));
    };
    const Vector3 &from = a.joint->point_in_world, &to = b.joint->point_in_world;
    const bool is_a_under = a.joint->is_under_water(), is_b_under = b.joint->is_under_water();
    if (is_a_under == is_b_under) return draw_part(a.place, b.place, is_a_under);
    // The limb looks bent at the surface.
    const double share = from.z() / (from.z() - to.z());
    const auto crossing = place_of(
        {from.x() + share * (to.x() - from.x()), from.y() + share * (to.y() - from.y()), 0});
    if (!crossing) return;
    draw_part(a.place, *crossing, is_a_under);
    draw_part(*crossing, b.place, is_b_under);
  }

  void draw_joint(Canvas& canvas, const ShownJoint& one, const Marks& marks) const {
    if (is_of_face(one.joint->name) && !marks.has_face) return;
    const double radius = one.is_seen ? marks.joint : 0.6 * marks.joint;
    canvas.disc(one.place, radius + 0.4 * marks.line + 0.4, kDark);
    canvas.disc(one.place, radius, one.is_seen ? kWhite : color_);
    if (one.joint->is_under_water()) canvas.disc(one.place, 0.55 * radius, kDark);
    if (one.joint->max_sigma_m() < kUncertain_m) return;
    if (const auto ellipse = ellipse_of(one, marks)) canvas.ellipse(*ellipse, kWhite, 1);
  }

  /// One standard deviation of a joint's place, in the image.
  std::optional<scene::PixelEllipse> ellipse_of(const ShownJoint& one, const Marks& marks) const {
    const auto moved = geometry::differentiate_by_point(camera_, one.joint->point_in_world);
    if (!moved) return std::nullopt;
    Eigen::Matrix<double, 2, 3> by_point = moved->by_point;
    by_point.row(0) *= geometry_.scale_x;
    by_point.row(1) *= geometry_.scale_y;
    const Eigen::Matrix2d covariance = by_point * one.joint->covariance * by_point.transpose();
    if (!covariance.allFinite()) return std::nullopt;
    const Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d> solver(covariance);
    const auto axis = [&](int i) {
      constexpr double kMax_px = 1000;
      const double sigma_px = std::sqrt(std::max(0.0, solver.eigenvalues()[i]));
      return std::clamp(sigma_px, marks.joint + 4, kMax_px);
    };
    const Eigen::Vector2d along = solver.eigenvectors().col(1);
    return scene::PixelEllipse{one.place, axis(1), axis(0), std::atan2(along.y(), along.x())};
  }

  void draw_label(Canvas& canvas, PixelPlace at) const {
    // The label of a person beside the image is not moved into it.
    if (at.x < 0 || at.x > canvas.width() || at.y < -20 || at.y > canvas.height()) return;
    const std::string text = label_of(person_);
    const double size = text_size_for(canvas.height());
    at.x -= Canvas::text_width(text, size) / 2 + 3;
    canvas.label(at, text, color_, size);
  }

  const PlacedPerson& person_;
  const geometry::Camera& camera_;
  const media::Geometry& geometry_;
  Color color_;
  std::vector<ShownJoint> joints_;
  std::vector<std::pair<size_t, size_t>> limbs_;
};

/// One entry of the legend: the mark, and its meaning.
struct Entry {
  void (*draw)(Canvas&, PixelPlace, double radius);
  const char* text;
};

constexpr std::array<Entry, 4> kLegend = {{
    {[](Canvas& canvas, PixelPlace at, double radius) { canvas.disc(at, radius, kWhite); },
     "above water"},
    {[](Canvas& canvas, PixelPlace at, double radius) {
       canvas.disc(at, radius, kWhite);
       canvas.disc(at, 0.55 * radius, kDark);
     },
     "under water"},
    {[](Canvas& canvas, PixelPlace at, double radius) { canvas.disc(at, 0.6 * radius, kBright); },
     "seen by others"},
    {[](Canvas& canvas, PixelPlace at, double radius) {
       canvas.disc(at, 0.5 * radius, kWhite);
       canvas.ellipse({at, radius + 3, radius + 1, 0}, kWhite, 1);
     },
     "10+ cm uncertain"},
}};

}  // namespace

void draw_people(Canvas& canvas, std::span<const PlacedPerson> people,
                 const geometry::Camera& camera, const media::Geometry& geometry) {
  for (const PlacedPerson& person : people) PersonDrawing(person, camera, geometry).draw(canvas);
}

double text_size_for(int height) { return std::clamp(height / 1400.0, 0.36, 0.55); }

void draw_caption(Canvas& canvas, const std::string& text) {
  const double size = text_size_for(canvas.height());
  const double row = Canvas::label_height(size) + 2, radius = 0.18 * row, gap = 1.1 * row;
  double legend = 0;
  for (const Entry& one : kLegend) legend += gap + Canvas::text_width(one.text, size) + gap / 2;
  const bool fits = Canvas::text_width(text, size) + legend + gap < canvas.width();
  const double right = canvas.width(), bottom = canvas.height(),
               top = bottom - (fits ? 1 : 2) * row;
  const std::array<PixelPlace, 4> bar = {{{0, top}, {right, top}, {right, bottom}, {0, bottom}}};
  canvas.fill(bar, kDark, 0.85);
  const double baseline = 0.68 * row;
  canvas.text({8, bottom - row + baseline}, text, kBright, size);
  double x = fits ? right - legend : 8;
  for (const Entry& one : kLegend) {
    one.draw(canvas, {x + gap / 2, top + 0.5 * row}, radius);
    canvas.text({x + gap, top + baseline}, one.text, kBright, size);
    x += gap + Canvas::text_width(one.text, size) + gap / 2;
  }
}

}  // namespace lido::report
