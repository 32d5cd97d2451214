// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/life.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lido/base/parallel.h"
#include "lido/dataset/table.h"
#include "lido/dataset/truth_tables.h"
#include "lido/geometry/site.h"
#include "lido/storage/store.h"

namespace lido::synth {
namespace {

constexpr double kDay_s = 86400;

/// Rows of a day beside its tracks, and the number of rows of its tracks.
struct DayRows {
  std::vector<dataset::VisitorRow> visitors;
  std::vector<dataset::DangerRow> events;
  int64_t rows = 0;
};

}  // namespace

std::vector<ScheduledIncident> draw_incidents(Random& random, const Behaviours& behaviours,
                                              const std::vector<Person>& people, double per_day) {
  std::vector<ScheduledIncident> incidents;
  std::vector<std::string> kinds;
  std::vector<double> weights;
  for (const Behaviour& one : behaviours.all()) {
    if (one.incidents <= 0) continue;
    kinds.push_back(one.name);
    weights.push_back(one.incidents);
  }
  if (per_day <= 0 || people.empty() || kinds.empty()) return incidents;
  double first_s = kDay_s, last_s = 0;
  for (const Person& person : people) {
    first_s = std::min(first_s, person.arrives_s);
    last_s = std::max(last_s, person.leaves_s);
  }
  const double mean_s = (last_s - first_s) / per_day;
  for (double at_s = first_s + random.exponential(mean_s); at_s < last_s;
       at_s += random.exponential(mean_s))
    incidents.push_back({at_s, kinds[random.pick(weights)]});
  return incidents;
}

namespace {

/// Life at a pool, before it is played.
struct DayPlan {
  const Pool& pool;
  const Behaviours& behaviours;
  std::vector<Person> people;
  std::vector<ScheduledIncident> incidents;
  Random random;
  double rate_hz, until_s;
};

/// Plays a day and writes its tracks.
/// @return The rows of the other tables.
Result<DayRows> play_day(storage::Store& store, int32_t day, const DayPlan& plan,
                         const std::stop_token& stop) {
  DayRows rows;
  for (const Person& person : plan.people) rows.visitors.push_back(visitor_row(day, person));
  auto writer = LIDO_TRY(dataset::TableWriter<dataset::TruthRow>::create(store, tracks_file(day)));
  Crowd crowd(plan.pool, plan.behaviours, plan.people, plan.incidents, plan.random);
  const double step_s = 1 / plan.rate_hz;
  for (int64_t tick = 0; !crowd.is_over(); ++tick) {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "cancelled");
    if (crowd.states().empty()) {
      // Skips to the tick of the next arrival.
      if (const auto arrival_s = crowd.next_arrival_s())
        tick = std::max(tick, static_cast<int64_t>(*arrival_s / step_s));
    }
    const double time_s = static_cast<double>(tick) * step_s;
    if (time_s > plan.until_s) break;
    crowd.move_to(time_s);
    for (const PersonState& state : crowd.states())
      LIDO_TRY(writer.append(track_row(day, time_s, state, plan.behaviours)));
  }
  crowd.close();
  LIDO_TRY(writer.commit());
  rows.rows = writer.rows();
  for (const DangerEvent& event : crowd.events()) rows.events.push_back(danger_row(day, event));
  return rows;
}

DayPlan draw_day(int64_t day, const Pool& pool, const Behaviours& behaviours,
                 const LifeOptions& options) {
  constexpr int kDaysOfWeek = 7;
  constexpr double kLatest_s = 1.5 * kDay_s;
  Random random = Random(static_cast<uint64_t>(options.seed)).split(static_cast<uint64_t>(day));
  std::vector<Person> people =
      random_day(random, static_cast<int>(day % kDaysOfWeek), options.busy);
  std::vector<ScheduledIncident> incidents =
      draw_incidents(random, behaviours, people, options.dangers_per_day);
  return {pool,   behaviours,      std::move(people), std::move(incidents),
          random, options.rate_hz, kLatest_s};
}

/// Writes all tables but the tracks, and site.yaml.
Result<LifeSummary> write_rest(storage::Store& store, const Pool& pool, std::vector<DayRows>& days,
                               double rate_hz) {
  LifeSummary summary{.days = std::ssize(days)};
  auto visitors =
      LIDO_TRY(dataset::TableWriter<dataset::VisitorRow>::create(store, "visitors.parquet"));
  auto events = LIDO_TRY(dataset::TableWriter<dataset::DangerRow>::create(store, "events.parquet"));
  for (DayRows& day : days) {
    summary.people += std::ssize(day.visitors);
    summary.events += std::ssize(day.events);
    summary.rows += day.rows;
    for (auto& row : day.visitors) LIDO_TRY(visitors.append(std::move(row)));
    for (auto& row : day.events) LIDO_TRY(events.append(std::move(row)));
  }
  summary.person_hours = static_cast<double>(summary.rows) / rate_hz / 3600;
  LIDO_TRY(visitors.commit());
  LIDO_TRY(events.commit());
  LIDO_TRY(store.write_text("site.yaml", geometry::to_yaml({pool, {}}, kSimulationNotice),
                            storage::Durability::kProcess));
  return summary;
}

}  // namespace

dataset::TruthRow track_row(int32_t day, double time_s, const PersonState& state,
                            const Behaviours& behaviours) {
  const Behaviour& behaviour = behaviours[state.behaviour];
  return {day,
          time_s,
          state.person,
          state.at.x,
          state.at.y,
          state.mouth_m,
          state.heading_rad,
          state.in_water,
          behaviour.name,
          std::string(name_of(behaviour.danger))};
}

dataset::VisitorRow visitor_row(int32_t day, const Person& person) {
  return {day,
          person.id,
          person.age_years,
          std::string(name_of(person.group())),
          person.female,
          person.stature_m,
          person.party,
          person.minded_by,
          person.arrives_s,
          person.leaves_s};
}

dataset::DangerRow danger_row(int32_t day, const DangerEvent& event) {
  const bool is_rescued = event.outcome == "rescued";
  return {day,
          event.person,
          event.kind,
          std::string(name_of(event.worst)),
          event.begin_s,
          event.end_s,
          event.outcome,
          event.times.instinct_s,
          event.times.submerged_s,
          event.times.still_s,
          is_rescued ? event.end_s : std::numeric_limits<double>::quiet_NaN()};
}

std::string tracks_file(int32_t day) { return fmt::format("tracks/day_{:05}.parquet", day); }

Result<storage::OutputFolder> open_simulation(const std::string& out, const std::string& command) {
  auto folder = LIDO_TRY(storage::OutputFolder::open(
      out, command,
      {"tracks/day_*.parquet", "visitors.parquet", "events.parquet", "site.yaml",
       "site_estimated.yaml", "looks.parquet", "scene.yaml", "top_view.html", "clips/*.mp4",
       "truth/*.parquet", "frames/*.parquet", "mot/*.txt", "coco/*.json", "clips.csv", "labels.csv",
       "label_boxes.parquet"}));
  LIDO_TRY(folder.begin());
  return folder;
}

Result<LifeSummary> simulate_life(const std::string& out, const Pool& pool,
                                  const Behaviours& behaviours, const LifeOptions& options,
                                  const std::function<void(int64_t)>& on_day,
                                  const std::stop_token& stop) {
  LIDO_TRY(validate(options));
  const auto folder = LIDO_TRY(open_simulation(out, "lido synth tracks"));
  storage::Store& store = folder.store();
  std::vector<DayRows> days(static_cast<size_t>(options.days));
  LIDO_TRY(parallel_for(days.size(), options.workers, stop, [&](size_t day) -> Result<void> {
    const DayPlan plan = draw_day(static_cast<int64_t>(day), pool, behaviours, options);
    days[day] = LIDO_TRY(play_day(store, static_cast<int32_t>(day), plan, stop));
    on_day(days[day].rows);
    return {};
  }));
  return write_rest(store, pool, days, options.rate_hz);
}

Result<LifeSummary> play_scripted_day(const std::string& out, const ScriptedDay& day,
                                      const Behaviours& behaviours, const std::stop_token& stop) {
  const auto folder = LIDO_TRY(open_simulation(out, "lido synth scene"));
  storage::Store& store = folder.store();
  const DayPlan plan{
      day.pool,    behaviours,    day.people, {}, Random(static_cast<uint64_t>(day.seed)),
      day.rate_hz, day.duration_s};
  std::vector<DayRows> days;
  days.push_back(LIDO_TRY(play_day(store, 0, plan, stop)));
  return write_rest(store, day.pool, days, day.rate_hz);
}

}  // namespace lido::synth
