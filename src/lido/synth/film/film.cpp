// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/film.h"

#include <fmt/format.h>

#include "lido/base/parallel.h"
#include "lido/storage/store.h"
#include "lido/synth/film/camera_film.h"
#include "lido/synth/film/film_labels.h"
#include "lido/synth/film/placement.h"
#include "lido/synth/world/life.h"

namespace lido::synth {
namespace {

Cast make_cast(const Crowd& crowd, const Timeline& timeline, const Bodies& bodies,
               const Colour& floor, const Random& random) {
  // Keeps streams of people apart from those of water and light.
  constexpr uint64_t kFirstStream = 1'000'000;
  Cast cast;
  for (const int64_t id : timeline.people()) {
    const Person& person = crowd.person(id);
    Random own = random.split(kFirstStream + static_cast<uint64_t>(id));
    const Appearance appearance = random_appearance(own, person, floor);
    cast.emplace(id, Actor{person, appearance, bodies.figure(person, appearance.build)});
  }
  return cast;
}

/// Writes looks.parquet.
Result<void> write_looks(storage::Store& store, const Cast& cast, const Colour& floor) {
  auto looks = LIDO_TRY(dataset::TableWriter<dataset::LookRow>::create(store, "looks.parquet"));
  for (const auto& [id, actor] : cast) {
    const Appearance& look = actor.appearance;
    const Colour& cloth = look.cloth;
    LIDO_TRY(looks.append({.person = id,
                           .age_years = actor.person.age_years,
                           .age_group = std::string(name_of(actor.person.group())),
                           .female = actor.person.female,
                           .stature_m = actor.person.stature_m,
                           .build = std::string(name_of_build(look.build.weight)),
                           .weight = look.build.weight,
                           .skin_tone = look.skin_tone,
                           .wear = std::string(name_of(look.wear)),
                           .cloth = {cloth.x(), cloth.y(), cloth.z()},
                           .cloth_difference = colour_difference(cloth, floor),
                           .skin_difference = colour_difference(look.skin, floor),
                           .cap = look.cap}));
  }
  return looks.commit();
}

/// Writes the tables of `lido synth tracks` for the time that is filmed.
Result<void> write_tracks(storage::Store& store, const FilmPlan& plan, Crowd& crowd,
                          const Timeline& timeline, const Behaviours& behaviours) {
  constexpr double kRate_hz = 10;
  auto tracks = LIDO_TRY(dataset::TableWriter<dataset::TruthRow>::create(store, tracks_file(0)));
  for (int64_t tick = 0; static_cast<double>(tick) / kRate_hz <= plan.duration_s; ++tick) {
    const double time_s = static_cast<double>(tick) / kRate_hz;
    for (const Moment& moment : timeline.at(time_s))
      LIDO_TRY(tracks.append(track_row(0, plan.begins_s + time_s, moment.state, behaviours)));
  }
  LIDO_TRY(tracks.commit());
  auto visitors =
      LIDO_TRY(dataset::TableWriter<dataset::VisitorRow>::create(store, "visitors.parquet"));
  for (const int64_t id : timeline.people())
    LIDO_TRY(visitors.append(visitor_row(0, crowd.person(id))));
  LIDO_TRY(visitors.commit());
  crowd.close();
  auto events = LIDO_TRY(dataset::TableWriter<dataset::DangerRow>::create(store, "events.parquet"));
  for (const DangerEvent& event : crowd.events()) {
    if (event.end_s >= plan.begins_s) LIDO_TRY(events.append(danger_row(0, event)));
  }
  return events.commit();
}

/// @param cameras  The plan's, or what a calibration takes them for.
std::string site_yaml(const FilmPlan& plan, const std::vector<SimulatedCamera>& cameras) {
  std::string text = fmt::format("# {}\n{}pool:\n{}cameras:\n", kSimulationNotice,
                                 geometry::to_yaml(plan.use), geometry::to_yaml(plan.pool));
  for (const SimulatedCamera& camera : cameras) text += to_yaml(camera);
  return text + fmt::format(
                    "light: {}\nwater:\n  level_z: 0\n  index: {}\n  usual_level_z: {}\n"
                    "  wave_m: {}\n  turbidity: {}\n",
                    plan.light.name, plan.water_index, 0 - plan.level_m, plan.wave_m,
                    plan.turbidity);
}

}  // namespace

Result<FilmSummary> film(const std::string& out, const FilmPlan& plan, Crowd& crowd,
                         const FilmData& data, const FilmRun& run) {
  const auto folder = LIDO_TRY(open_simulation(out, run.command));
  storage::Store& store = folder.store();
  const Random random(static_cast<uint64_t>(plan.seed));
  const Timeline timeline(crowd, plan.begins_s, plan.duration_s);
  const Cast cast = make_cast(crowd, timeline, data.bodies, plan.scenery.floor, random);
  const Water water(plan.wave_m, random.split(77));
  const FilmContext context{plan, data, timeline, cast, water};
  std::vector<CameraFilm> films;
  films.reserve(plan.cameras.size());
  for (const SimulatedCamera& camera : plan.cameras) films.emplace_back(store, context, camera);
  LIDO_TRY(parallel_for(films.size(), run.workers, run.stop,
                        [&](size_t i) { return films[i].run(run); }));
  FilmSummary summary{.cameras = std::ssize(films), .people = std::ssize(cast)};
  LIDO_TRY(write_looks(store, cast, plan.scenery.floor));
  LIDO_TRY(write_tracks(store, plan, crowd, timeline, data.behaviours));
  for (const CameraFilm& camera : films) {
    summary.frames += camera.frames();
    summary.rows += camera.rows();
    summary.video_s += plan.duration_s;
  }
  const std::string site = site_yaml(plan, plan.cameras);
  LIDO_TRY(write_labels(store, plan));
  LIDO_TRY(store.write_text("clips.csv", clips_csv(plan, site), storage::Durability::kProcess));
  LIDO_TRY(store.write_text("site.yaml", site, storage::Durability::kProcess));
  if (plan.calibration_error > 0) {
    constexpr uint64_t kCalibrationStream = 78;
    const auto wrong = with_calibration_errors(plan.cameras, plan.calibration_error,
                                               random.split(kCalibrationStream));
    LIDO_TRY(store.write_text("site_estimated.yaml", site_yaml(plan, wrong),
                              storage::Durability::kProcess));
  }
  summary.shared_basin = shared_basin(plan.cameras, plan.pool);
  return summary;
}

}  // namespace lido::synth
