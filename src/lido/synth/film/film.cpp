// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/film.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "lido/base/parallel.h"
#include "lido/dataset/truth.h"
#include "lido/media/encoder.h"
#include "lido/storage/store.h"
#include "lido/synth/world/life.h"

namespace lido::synth {
namespace {

using Json = nlohmann::ordered_json;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct Member {
  Person person;
  Look look;
  Figure figure;
};
/// Everybody who is ever in the pictures.
using Cast = std::map<int64_t, Member>;

struct Rectangle {
  double x0 = 1e18, y0 = 1e18, x1 = -1e18, y1 = -1e18;
  void take(double x, double y) {
    x0 = std::min(x0, x), y0 = std::min(y0, y), x1 = std::max(x1, x), y1 = std::max(y1, y);
  }
  bool empty() const { return x1 < x0; }
  std::vector<double> box() const {
    return empty() ? std::vector<double>() : std::vector<double>{x0, y0, x1 - x0, y1 - y0};
  }
};

/// What is seen of each person.
struct Seen {
  Rectangle box;
  int64_t pixels = 0;
};
std::vector<Seen> count_pixels(const Picture& picture, size_t people) {
  std::vector<Seen> seen(people);
  const int w = picture.image.width;
  for (size_t i = 0; i < picture.who.size(); ++i) {
    const size_t who = picture.who[i];
    if (who == 0 || who > people) continue;
    Seen& one = seen[who - 1];
    const int x = static_cast<int>(i) % w, y = static_cast<int>(i) / w;
    one.box.take(x, y);
    one.box.take(x + 1, y + 1);
    ++one.pixels;
  }
  return seen;
}

class CameraFilm {
 public:
  CameraFilm(storage::Store& store, const Shoot& shoot, const SimulatedCamera& camera,
             const Timeline& timeline, const Cast& cast, const Behaviours& behaviours,
             const Bodies& bodies, const Water& water)
      : store_(store),
        shoot_(shoot),
        camera_(camera),
        timeline_(timeline),
        cast_(cast),
        behaviours_(behaviours),
        bodies_(bodies),
        water_(water) {}

  Result<void> run(const std::function<void()>& done, const std::stop_token& stop) {
    auto renderer = LIDO_TRY(Renderer::make(bodies_, shoot_.pool, shoot_.scenery, camera_));
    const auto video = LIDO_TRY(store_.create(clip()));
    const auto mot = LIDO_TRY(store_.create("mot/" + camera_.name + ".txt"));
    auto truth = LIDO_TRY(dataset::TableWriter<dataset::SeenRow>::create(
        store_, "truth/" + camera_.name + ".parquet"));
    const Rational rate{std::llround(camera_.fps * 1000), 1000};
    auto encoder =
        LIDO_TRY(media::Encoder::open(*video, camera_.width, camera_.height, rate,
                                      {camera_.hevc, camera_.bitrate_mbps, camera_.keyframe_s}));
    Random random =
        Random(static_cast<uint64_t>(shoot_.seed)).split(std::hash<std::string>{}(camera_.name));
    std::optional<media::Image> last;  // that was not frozen
    const auto count = static_cast<int64_t>(std::floor(shoot_.duration_s * camera_.fps));
    for (int64_t frame = 0; frame < count; ++frame) {
      if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "cancelled");
      const double time_s = static_cast<double>(frame) / camera_.fps;
      if (camera_.drops > 0 && frame > 0 && random.chance(camera_.drops)) {
        encoder->skip();
        done();
        continue;
      }
      take(renderer, frame, time_s);
      const bool freezes = std::ranges::any_of(camera_.faults, [&](const CameraFault& fault) {
        return fault.kind == CameraFault::Kind::kFreeze && fault.lasts(time_s);
      });
      if (!freezes) last = std::move(picture_.image);
      LIDO_TRY(encoder->push(last ? *last : picture_.image));
      for (dataset::SeenRow& row : rows_) {
        if (!row.visible.empty()) LIDO_TRY(mot->append(mot_line(row)));
        LIDO_TRY(truth.append(std::move(row)));
        ++rows;
      }
      ++frames;
      done();
    }
    LIDO_TRY(encoder->finish());
    LIDO_TRY(truth.commit());
    LIDO_TRY(mot->commit());
    LIDO_TRY(video->commit());
    return store_.write_text("coco/" + camera_.name + ".json", coco().dump(),
                             storage::Durability::kProcess);
  }

  std::string clip() const { return "clips/" + camera_.name + ".mp4"; }
  int64_t frames = 0, rows = 0;
  std::string labels;

 private:
  /// Draws one picture and says what is on it.
  void take(Renderer& renderer, int64_t frame, double time_s) {
    const double day_s = shoot_.begins_s + time_s;
    const SimulatedCamera now = with_faults(camera_, time_s);
    const Staged staged = stage(time_s);
    const auto& [moments, placed, subjects] = staged;
    light_ = light_at(shoot_.light, day_s);
    picture_ = renderer.draw(now, day_s, frame, subjects, water_, shoot_.turbidity, light_);
    if (now.shutter_s > 0) smear(renderer, now, frame, time_s);
    const auto seen = count_pixels(picture_, subjects.size());
    rows_.clear();
    const bool samples = frame % std::max<int64_t>(1, std::llround(camera_.fps)) == 0;
    if (samples) {
      images_.push_back({{"id", frame},
                         {"file_name", fmt::format("{}-{:06}", camera_.name, frame)},
                         {"width", camera_.width},
                         {"height", camera_.height},
                         {"date_captured_s", time_s}});
    }
    for (size_t i = 0; i < moments.size(); ++i) {
      rows_.push_back(row(now, frame, time_s, day_s, moments[i], placed[i], seen[i], i + 1));
      if (rows_.back().visible.empty() || !samples) continue;
      annotate(rows_.back());
      label(rows_.back());
    }
  }

  /// People where they are at a moment.
  struct Staged {
    std::vector<Moment> moments;
    std::vector<Placed> placed;
    std::vector<Subject> subjects;
  };
  Staged stage(double time_s) const {
    Staged staged{timeline_.at(time_s), {}, {}};
    staged.placed.reserve(staged.moments.size());
    for (const Moment& moment : staged.moments) {
      const Member& member = cast_.at(moment.stance.person);
      staged.placed.push_back(
          place_body(bodies_, behaviours_, shoot_.pool, member.figure, moment, time_s));
      staged.subjects.push_back({&member.figure, &staged.placed.back(), &member.look,
                                 moment.stance.in_water,
                                 stir_of(behaviours_[moment.stance.behaviour].limbs)});
    }
    return staged;
  }

  /// Adds what the shutter lets in before and after the middle, which is drawn already.
  void smear(Renderer& renderer, const SimulatedCamera& now, int64_t frame, double time_s) {
    constexpr int kAside = 2;
    std::vector<uint16_t> sum(picture_.image.rgb.begin(), picture_.image.rgb.end());
    for (const int step : {-2, -1, 1, 2}) {
      const double at_s = time_s + now.shutter_s * step / (2 * kAside + 1);
      const Staged staged = stage(std::max(0.0, at_s));
      const Picture other = renderer.draw(now, shoot_.begins_s + at_s, frame, staged.subjects,
                                          water_, shoot_.turbidity, light_);
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += other.image.rgb[i];
    }
    constexpr int kAll = 2 * kAside + 1;
    for (size_t i = 0; i < sum.size(); ++i)
      picture_.image.rgb[i] = static_cast<uint8_t>((sum[i] + kAll / 2) / kAll);
  }

  dataset::SeenRow row(const SimulatedCamera& now, int64_t frame, double time_s, double day_s,
                       const Moment& moment, const Placed& placed, const Seen& seen,
                       size_t number) {
    const Member& member = cast_.at(moment.stance.person);
    const Behaviour& behaviour = behaviours_[moment.stance.behaviour];
    dataset::SeenRow row{
        .clip = clip(),
        .frame = frame,
        .time_s = time_s,
        .clock_s = time_s * (1 + 1e-6 * camera_.clock_drift_ppm) + camera_.clock_offset_s,
        .person = moment.stance.person,
        .age_group = std::string(name_of(member.person.group())),
        .behaviour = behaviour.name,
        .danger = std::string(name_of(behaviour.danger)),
        .signal = moment.stance.signal > 0 ? behaviours_.signals()[moment.stance.signal - 1].name
                                           : "none",
        .party = member.person.party};
    // The whole body, by the mesh that draws far ones.
    skin(bodies_.topology(Mesh::kFar), member.figure.vertices[static_cast<size_t>(Mesh::kFar)],
         placed.posed, placed.in_scene, points_);
    Rectangle whole = seen.box;
    for (const Eigen::Vector3f& point : points_) {
      if (const auto pixel = now.project_through_water(point.cast<double>()))
        whole.take(pixel->x(), pixel->y());
    }
    row.whole = whole.box();
    row.visible = seen.box.box();
    if (!row.whole.empty())
      row.share = static_cast<double>(seen.pixels) / std::max(1.0, row.whole[2] * row.whole[3]);
    const auto points = keypoints(bodies_, member.figure, placed.posed);
    for (const Vector3& standing : points) {
      const Vector3 point = placed.in_scene * standing;
      const auto pixel = now.project_through_water(point);
      const auto moved = project_through_waves(now, point, water_, day_s);
      row.keypoints.insert(row.keypoints.end(),
                           {pixel ? pixel->x() : kNone, pixel ? pixel->y() : kNone});
      row.through_waves.insert(row.through_waves.end(),
                               {moved ? moved->x() : kNone, moved ? moved->y() : kNone});
      row.keypoints_m.insert(row.keypoints_m.end(), {point.x(), point.y(), point.z()});
      row.visibility.push_back(!moved || !now.contains(*moved) ? 0
                               : is_near(*moved, number)       ? 2
                                                               : 1);
    }
    row.mouth_m = (placed.in_scene * mouth(bodies_, member.figure, placed.posed)).z();
    row.sun = light_.sunlight.y();
    row.head_top_m = -1e9;
    const size_t head = bodies_.bone("head");
    for (const Vector3& end : {member.figure.tails[head], member.figure.joints[head]})
      row.head_top_m =
          std::max(row.head_top_m, (placed.in_scene * (placed.posed.bones[head] * end)).z());
    return row;
  }

  /// Whether somebody is seen within two pixels.
  bool is_near(const Eigen::Vector2d& pixel, size_t number) const {
    const int x = static_cast<int>(pixel.x()), y = static_cast<int>(pixel.y());
    for (int dy = -2; dy <= 2; ++dy) {
      for (int dx = -2; dx <= 2; ++dx) {
        const int px = x + dx, py = y + dy;
        if (px < 0 || py < 0 || px >= camera_.width || py >= camera_.height) continue;
        if (picture_.who[static_cast<size_t>(py) * static_cast<size_t>(camera_.width) +
                         static_cast<size_t>(px)] == number)
          return true;
      }
    }
    return false;
  }

  /// frame, id, left, top, width, height, 1, class 1 (person), share seen; frames from 1.
  static std::string mot_line(const dataset::SeenRow& row) {
    return fmt::format("{},{},{:.2f},{:.2f},{:.2f},{:.2f},1,1,{:.3f}\n", row.frame + 1, row.person,
                       row.whole[0], row.whole[1], row.whole[2], row.whole[3], row.share);
  }

  void annotate(const dataset::SeenRow& row) {
    Json points = Json::array();
    int seen = 0;
    for (size_t i = 0; i < kKeypoints; ++i) {
      const bool is_in = row.visibility[i] > 0;
      seen += is_in ? 1 : 0;
      points.push_back(is_in ? std::round(100 * row.through_waves[2 * i]) / 100 : 0);
      points.push_back(is_in ? std::round(100 * row.through_waves[2 * i + 1]) / 100 : 0);
      points.push_back(row.visibility[i]);
    }
    annotations_.push_back({{"id", annotations_.size() + 1},
                            {"image_id", row.frame},
                            {"category_id", 1},
                            {"bbox", row.visible},
                            {"area", row.visible[2] * row.visible[3]},
                            {"iscrowd", 0},
                            {"num_keypoints", seen},
                            {"keypoints", points},
                            {"person", row.person}});
  }

  Json coco() const {
    Json names = Json::array();
    for (const std::string_view name : kKeypointNames) names.push_back(name);
    return {{"info", {{"description", kHonesty}}},
            {"categories",
             {{{"id", 1}, {"name", "person"}, {"supercategory", "person"}, {"keypoints", names}}}},
            {"images", images_},
            {"annotations", annotations_}};
  }

  /// A second of what a person does, with the box at its beginning.
  void label(const dataset::SeenRow& row) {
    const double end_s = std::min(row.time_s + 1, shoot_.duration_s);
    for (const auto& [task, name] :
         {std::pair("behaviour", &row.behaviour), std::pair("danger", &row.danger),
          std::pair("age_group", &row.age_group), std::pair("signal", &row.signal)}) {
      labels += fmt::format("{},{:.3f},{:.3f},{},{},{},{:.1f},{:.1f},{:.1f},{:.1f}\n", clip(),
                            row.time_s, end_s, task, *name, row.person, row.visible[0],
                            row.visible[1], row.visible[2], row.visible[3]);
    }
  }

  storage::Store& store_;
  const Shoot& shoot_;
  const SimulatedCamera& camera_;
  const Timeline& timeline_;
  const Cast& cast_;
  const Behaviours& behaviours_;
  const Bodies& bodies_;
  const Water& water_;
  Picture picture_;
  Light light_;
  std::vector<dataset::SeenRow> rows_;
  std::vector<Eigen::Vector3f> points_;
  std::vector<Json> images_, annotations_;
};

/// The tables that `lido synth tracks` writes too, of the time that is filmed.
Result<void> write_tracks(storage::Store& store, const Shoot& shoot, Crowd& crowd,
                          const Timeline& timeline, const Behaviours& behaviours) {
  constexpr double kRate_hz = 10;
  auto tracks = LIDO_TRY(dataset::TableWriter<dataset::TruthRow>::create(store, tracks_file(0)));
  for (int64_t tick = 0; static_cast<double>(tick) / kRate_hz <= shoot.duration_s; ++tick) {
    const double time_s = static_cast<double>(tick) / kRate_hz;
    for (const Moment& moment : timeline.at(time_s))
      LIDO_TRY(tracks.append(track_row(0, shoot.begins_s + time_s, moment.stance, behaviours)));
  }
  LIDO_TRY(tracks.commit());
  auto visitors =
      LIDO_TRY(dataset::TableWriter<dataset::VisitorRow>::create(store, "visitors.parquet"));
  for (const int64_t id : timeline.people())
    LIDO_TRY(visitors.append(visitor_row(0, crowd.person(id))));
  LIDO_TRY(visitors.commit());
  crowd.close();
  auto events = LIDO_TRY(dataset::TableWriter<dataset::DangerRow>::create(store, "events.parquet"));
  for (const Event& event : crowd.events()) {
    if (event.end_s >= shoot.begins_s) LIDO_TRY(events.append(danger_row(0, event)));
  }
  return events.commit();
}

std::string site_of(const Shoot& shoot) {
  std::string text = fmt::format("# {}\npool:\n{}cameras:\n", kHonesty, to_yaml(shoot.pool));
  for (const SimulatedCamera& camera : shoot.cameras) text += to_yaml(camera);
  return text + fmt::format("light: {}\nwater:\n  wave_m: {}\n  turbidity: {}\n  level_m: {}\n",
                            shoot.light.name, shoot.wave_m, shoot.turbidity, shoot.level_m);
}

}  // namespace

Result<FilmSummary> film(const std::string& out, const Shoot& shoot, Crowd& crowd,
                         const Behaviours& behaviours, const Bodies& bodies, int workers,
                         const std::function<void()>& done, const std::stop_token& stop) {
  const auto store = LIDO_TRY(storage::open_store(out));
  const Random random(static_cast<uint64_t>(shoot.seed));
  const Timeline timeline(crowd, shoot.begins_s, shoot.duration_s);
  Cast cast;
  for (const int64_t id : timeline.people()) {
    const Person& person = crowd.person(id);
    Random own = random.split(1'000'000 + static_cast<uint64_t>(id));
    const Look look = random_look(own, person);
    cast.emplace(id, Member{person, look, bodies.figure(person, look.build)});
  }
  const Water water(shoot.wave_m, random.split(77));
  std::vector<CameraFilm> films;
  films.reserve(shoot.cameras.size());
  for (const SimulatedCamera& camera : shoot.cameras)
    films.emplace_back(*store, shoot, camera, timeline, cast, behaviours, bodies, water);
  LIDO_TRY(parallel_for(films.size(), workers, stop,
                        [&](size_t i) { return films[i].run(done, stop); }));
  FilmSummary summary{.cameras = std::ssize(films), .people = std::ssize(cast)};
  LIDO_TRY(write_tracks(*store, shoot, crowd, timeline, behaviours));
  std::string clips = "clip,group,site,camera,start_utc\n",
              labels = "clip,start_s,end_s,task,label,track,x,y,width,height\n";
  for (size_t i = 0; i < films.size(); ++i) {
    summary.frames += films[i].frames;
    summary.rows += films[i].rows;
    summary.video_s += shoot.duration_s;
    clips += fmt::format("{},event,simulated,{},\n", films[i].clip(), shoot.cameras[i].name);
    labels += films[i].labels;
  }
  LIDO_TRY(store->write_text("clips.csv", clips, storage::Durability::kProcess));
  LIDO_TRY(store->write_text("labels.csv", labels, storage::Durability::kProcess));
  LIDO_TRY(store->write_text("site.yaml", site_of(shoot), storage::Durability::kProcess));
  return summary;
}

}  // namespace lido::synth
