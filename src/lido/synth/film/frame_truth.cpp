// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/frame_truth.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "lido/base/json_text.h"
#include "lido/synth/world/life.h"

namespace lido::synth {
namespace {

using OrderedJson = nlohmann::ordered_json;
constexpr double kNoPixel = std::numeric_limits<double>::quiet_NaN();

/// COCO's visibility of a keypoint.
constexpr int kOutside = 0, kHidden = 1, kVisible = 2;

/// Whether a subject is drawn within two pixels.
bool is_drawn_near(const Render& render, const Eigen::Vector2d& pixel, size_t subject) {
  constexpr int kReach_px = 2;
  const int width = render.image.width, height = render.image.height;
  const int x = static_cast<int>(pixel.x()), y = static_cast<int>(pixel.y());
  for (int row = std::max(0, y - kReach_px); row <= std::min(height - 1, y + kReach_px); ++row) {
    for (int column = std::max(0, x - kReach_px); column <= std::min(width - 1, x + kReach_px);
         ++column) {
      if (render.subject_of_pixel[static_cast<size_t>(row) * static_cast<size_t>(width) +
                                  static_cast<size_t>(column)] == subject)
        return true;
    }
  }
  return false;
}

/// Reading of the camera's clock.
double clock_of(const SimulatedCamera& camera, double time_s) {
  return time_s * (1 + 1e-6 * camera.clock.drift_ppm) + camera.clock.offset_s;
}

/// A row with names and times, but without boxes and points.
dataset::SeenRow identify(const FilmContext& context, const DrawnFrame& frame,
                          const Moment& moment) {
  const Person& person = context.cast.at(moment.state.person).person;
  const Behaviours& behaviours = context.data.behaviours;
  const Behaviour& behaviour = behaviours[moment.state.behaviour];
  const size_t signal = moment.state.signal;
  return {.clip = clip_of(frame.camera),
          .frame = frame.numbers.frame,
          .pts = frame.numbers.pts,
          .time_s = frame.numbers.time_s,
          .clock_s = clock_of(frame.camera, frame.numbers.time_s),
          .shown_frame = frame.numbers.shown_frame,
          .frozen = frame.numbers.frozen,
          .fault = frame.numbers.fault,
          .person = moment.state.person,
          .age_group = std::string(name_of(person.group())),
          .behaviour = behaviour.name,
          .danger = std::string(name_of(behaviour.danger)),
          .signal = signal > 0 ? behaviours.signals()[signal - 1].name : "none",
          .party = person.party};
}

/// Sets the boxes of a row. The whole body is that of the coarse mesh, and the pixels drawn.
void set_boxes(const FilmContext& context, const DrawnFrame& frame, const Figure& figure,
               const PlacedBody& placed, const VisiblePart& visible, dataset::SeenRow& row) {
  std::vector<Eigen::Vector3f> points;
  skin(context.data.bodies.topology(Mesh::kFar), figure.vertices[static_cast<size_t>(Mesh::kFar)],
       placed.posed, placed.in_scene, points);
  PixelBox whole = visible.box;
  for (const Eigen::Vector3f& point : points) {
    if (const auto pixel = frame.camera.project_through_water(point.cast<double>()))
      whole.add(pixel->x(), pixel->y());
  }
  row.whole = whole.xywh();
  row.visible = visible.box.xywh();
  if (!row.whole.empty())
    row.share = static_cast<double>(visible.pixels) / std::max(1.0, row.whole[2] * row.whole[3]);
}

/// Sets the keypoints of a row, and the heights of mouth and head.
void set_points(const FilmContext& context, const DrawnFrame& frame, const Subject& subject,
                size_t number, dataset::SeenRow& row) {
  const Bodies& bodies = context.data.bodies;
  const PlacedBody& placed = *subject.placed;
  const double day_s = context.plan.begins_s + frame.numbers.time_s;
  for (const Vector3& standing : keypoints(bodies, *subject.figure, placed.posed)) {
    const Vector3 point = placed.in_scene * standing;
    const auto still = frame.camera.project_through_water(point);
    const auto moved = project_through_waves(frame.camera, point, context.water, day_s);
    row.keypoints.insert(row.keypoints.end(),
                         {still ? still->x() : kNoPixel, still ? still->y() : kNoPixel});
    row.through_waves.insert(row.through_waves.end(),
                             {moved ? moved->x() : kNoPixel, moved ? moved->y() : kNoPixel});
    row.keypoints_m.insert(row.keypoints_m.end(), {point.x(), point.y(), point.z()});
    const bool inside = moved && frame.camera.contains(*moved);
    // From under water, the surface hides all that is over it.
    const bool shows = inside && !(frame.camera.is_under_water() && point.z() > 0) &&
                       is_drawn_near(frame.render, *moved, number);
    row.visibility.push_back(shows ? kVisible : inside ? kHidden : kOutside);
  }
  row.mouth_m = (placed.in_scene * mouth(bodies, *subject.figure, placed.posed)).z();
  row.head_top_m = -1e9;
  const size_t head = bodies.bone("head");
  for (const Vector3& end : {subject.figure->tails[head], subject.figure->joints[head]})
    row.head_top_m =
        std::max(row.head_top_m, (placed.in_scene * (placed.posed.bones[head] * end)).z());
}

}  // namespace

StagedPeople stage_people(const FilmContext& context, double time_s) {
  StagedPeople people{context.timeline.at(time_s), {}, {}};
  people.placed.reserve(people.moments.size());
  for (const Moment& moment : people.moments) {
    const Actor& actor = context.cast.at(moment.state.person);
    people.placed.push_back(place_body(context.data.bodies, context.data.behaviours,
                                       context.plan.pool, actor.figure, moment, time_s));
    people.subjects.push_back(
        {&actor.figure, &people.placed.back(), &actor.appearance, moment.state.in_water});
  }
  return people;
}

double widest_step_px(const Bodies& bodies, const SimulatedCamera& camera,
                      const StagedPeople& before, const StagedPeople& after) {
  double widest_px = 0;
  for (size_t i = 0; i < before.moments.size(); ++i) {
    const auto same = std::ranges::find(after.moments, before.moments[i].state.person,
                                        [](const Moment& moment) { return moment.state.person; });
    if (same == after.moments.end()) continue;
    const Subject& one = before.subjects[i];
    const Subject& two = after.subjects[static_cast<size_t>(same - after.moments.begin())];
    const auto first = keypoints(bodies, *one.figure, one.placed->posed),
               second = keypoints(bodies, *two.figure, two.placed->posed);
    for (size_t point = 0; point < kKeypoints; ++point) {
      const auto from = camera.project_through_water(one.placed->in_scene * first[point]);
      const auto to = camera.project_through_water(two.placed->in_scene * second[point]);
      if (from && to && (camera.contains(*from) || camera.contains(*to)))
        widest_px = std::max(widest_px, (*to - *from).norm());
    }
  }
  return widest_px;
}

int shutter_moments(double step_px) {
  constexpr double kSharp_px = 0.75, kSlow_px = 2.5;
  return step_px < kSharp_px ? 1 : step_px < kSlow_px ? 3 : 5;
}

void PixelBox::add(double x, double y) {
  x0 = std::min(x0, x), y0 = std::min(y0, y), x1 = std::max(x1, x), y1 = std::max(y1, y);
}

std::vector<double> PixelBox::xywh() const {
  return empty() ? std::vector<double>() : std::vector<double>{x0, y0, x1 - x0, y1 - y0};
}

std::vector<VisiblePart> visible_parts(const Render& render, size_t count) {
  std::vector<VisiblePart> parts(count);
  const int width = render.image.width;
  for (size_t i = 0; i < render.subject_of_pixel.size(); ++i) {
    const size_t subject = render.subject_of_pixel[i];
    if (subject == 0 || subject > count) continue;
    VisiblePart& part = parts[subject - 1];
    const int x = static_cast<int>(i) % width, y = static_cast<int>(i) / width;
    part.box.add(x, y);
    part.box.add(x + 1, y + 1);
    ++part.pixels;
  }
  return parts;
}

std::vector<dataset::SeenRow> frame_truth(const FilmContext& context, const DrawnFrame& frame,
                                          const StagedPeople& people) {
  const auto visible = visible_parts(frame.render, people.subjects.size());
  std::vector<dataset::SeenRow> rows;
  for (size_t i = 0; i < people.moments.size(); ++i) {
    dataset::SeenRow row = identify(context, frame, people.moments[i]);
    const Subject& subject = people.subjects[i];
    set_boxes(context, frame, *subject.figure, *subject.placed, visible[i], row);
    set_points(context, frame, subject, i + 1, row);
    row.sun = frame.light.sunlight.y();
    rows.push_back(std::move(row));
  }
  return rows;
}

dataset::FilmedRow filmed_row(const SimulatedCamera& camera, const FrameNumbers& numbers,
                              const Light& light) {
  const SimulatedCamera now = with_faults(camera, numbers.time_s);
  dataset::FilmedRow row{.clip = clip_of(camera),
                         .frame = numbers.frame,
                         .pts = numbers.pts,
                         .time_s = numbers.time_s,
                         .clock_s = clock_of(camera, numbers.time_s),
                         .shown_frame = numbers.shown_frame,
                         .frozen = numbers.frozen,
                         .fault = numbers.fault,
                         .sun = light.sunlight.y()};
  const bool knocked = std::ranges::any_of(camera.faults, [&](const CameraFault& fault) {
    return fault.kind == CameraFault::Kind::kKnock && fault.lasts(numbers.time_s);
  });
  if (knocked) {
    const Eigen::AngleAxisd turn(now.cam_from_world * camera.cam_from_world.transpose());
    const Vector3 turn_rad = turn.angle() * turn.axis();
    row.turn_rad.assign(turn_rad.begin(), turn_rad.end());
  }
  const Vector3 translation = -now.cam_from_world * now.position;
  for (Eigen::Index i = 0; i < 3; ++i) {
    for (Eigen::Index j = 0; j < 3; ++j) row.cam_from_world.push_back(now.cam_from_world(i, j));
    row.cam_from_world.push_back(translation[i]);
  }
  return row;
}

std::string clip_of(const SimulatedCamera& camera) { return "clips/" + camera.name + ".mp4"; }

std::string mot_line(const dataset::SeenRow& row) {
  return fmt::format("{},{},{:.2f},{:.2f},{:.2f},{:.2f},1,1,{:.3f}\n", row.frame + 1, row.person,
                     row.whole[0], row.whole[1], row.whole[2], row.whole[3], row.share);
}

void CocoWriter::add_image(const SimulatedCamera& camera, int64_t frame, double time_s) {
  images_.push_back({{"id", frame},
                     {"file_name", fmt::format("{}-{:06}", camera.name, frame)},
                     {"width", camera.width},
                     {"height", camera.height},
                     {"date_captured_s", clock_of(camera, time_s)}});
}

void CocoWriter::add_person(const dataset::SeenRow& row) {
  const auto rounded = [](double pixel) { return std::round(100 * pixel) / 100; };
  OrderedJson points = OrderedJson::array();
  int labelled = 0;
  for (size_t i = 0; i < kKeypoints; ++i) {
    const bool is_inside = row.visibility[i] != kOutside;
    labelled += is_inside ? 1 : 0;
    points.push_back(is_inside ? rounded(row.through_waves[2 * i]) : 0);
    points.push_back(is_inside ? rounded(row.through_waves[2 * i + 1]) : 0);
    points.push_back(row.visibility[i]);
  }
  annotations_.push_back({{"id", annotations_.size() + 1},
                          {"image_id", row.frame},
                          {"category_id", 1},
                          {"bbox", row.visible},
                          {"area", row.visible[2] * row.visible[3]},
                          {"iscrowd", 0},
                          {"num_keypoints", labelled},
                          {"keypoints", points},
                          {"person", row.person}});
}

std::string CocoWriter::to_text() const {
  OrderedJson names = OrderedJson::array();
  for (const std::string_view name : kKeypointNames) names.push_back(name);
  const OrderedJson coco = {
      {"info", {{"description", kSimulationNotice}}},
      {"categories",
       {{{"id", 1}, {"name", "person"}, {"supercategory", "person"}, {"keypoints", names}}}},
      {"images", images_},
      {"annotations", annotations_}};
  return json_text(coco);
}

}  // namespace lido::synth
