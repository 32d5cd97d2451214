// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "lido/base/options.h"
#include "lido/dataset/table.h"
#include "lido/dataset/truth_tables.h"
#include "lido/storage/output_folder.h"
#include "lido/synth/world/crowd.h"

namespace lido::synth {

/// Everyday life at a pool, as tables without video.
struct LifeOptions {
  int64_t days = 7;
  int64_t seed = 1;
  double rate_hz = 2;
  double busy = 1;
  double dangers_per_day = 0;
  int workers = 0;

  static void fields(auto& self, auto&& visit) {
    visit("days", self.days, Within{1, 100000}, "Number of days; the first is a Monday");
    visit("seed", self.seed, Within{0, 9e15},
          "Seed of all random draws: the same seed gives the same bytes");
    visit("rate_hz", self.rate_hz, Within{0.01, 10}, "Rows a second for each person");
    visit("busy", self.busy, Within{0.01, 20},
          "Factor on the number of visitors: 1 is an ordinary day, 2 has twice as many");
    visit("dangers_per_day", self.dangers_per_day, Within{0, 200},
          "Mean number of dangers a day; 0: days without danger");
    visit("workers", self.workers, Within{0, 1024}, "Threads; 0: one per core");
  }
};

/// Draws dangers at random moments between the first arrival and the last departure; kinds by the
/// behaviours' `incidents`.
std::vector<ScheduledIncident> draw_incidents(Random& random, const Behaviours& behaviours,
                                              const std::vector<Person>& people, double per_day);

/// Notice that every table, page and report with simulated figures carries.
inline constexpr const char* kSimulationNotice = "Measured in simulation.";

/// Rows of the tables for a moment of a person, a visitor, and a danger.
dataset::TruthRow track_row(int32_t day, double time_s, const PersonState& state,
                            const Behaviours& behaviours);
dataset::VisitorRow visitor_row(int32_t day, const Person& person);
dataset::DangerRow danger_row(int32_t day, const DangerEvent& event);

/// Name of a day's file of tracks, below the output folder.
std::string tracks_file(int32_t day);

struct LifeSummary {
  int64_t days = 0, people = 0, rows = 0, events = 0;
  double person_hours = 0;
};

/// Opens the folder of a simulation: an empty one, or one with an earlier output of the same
/// command, which is removed.
/// @param command  Such as "lido synth tracks".
/// @return kInvalidArgument when the folder holds another file.
Result<storage::OutputFolder> open_simulation(const std::string& out, const std::string& command);

/// Writes tracks/day_NNNNN.parquet, visitors.parquet, events.parquet and site.yaml.
///
/// Each day is drawn from the seed and its number alone, so the bytes do not depend on the number
/// of threads.
/// @param on_day  Called after each day with its number of rows, from any thread.
/// @return kUnavailable (storage), kCancelled.
Result<LifeSummary> simulate_life(const std::string& out, const Pool& pool,
                                  const Behaviours& behaviours, const LifeOptions& options,
                                  const std::function<void(int64_t)>& on_day,
                                  const std::stop_token& stop);

/// People and times that are given instead of drawn.
struct ScriptedDay {
  int64_t seed = 1;
  double rate_hz = 10;      ///< Rows a second for each person.
  double duration_s = 120;  ///< From midnight.
  Pool pool;
  std::vector<Person> people;
};

/// Plays a scripted day and writes the tables of simulate_life(), as day 0.
/// @return kUnavailable (storage), kCancelled.
Result<LifeSummary> play_scripted_day(const std::string& out, const ScriptedDay& day,
                                      const Behaviours& behaviours, const std::stop_token& stop);

}  // namespace lido::synth
