// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "lido/base/options.h"
#include "lido/dataset/truth.h"
#include "lido/synth/world/crowd.h"

namespace lido::synth {

/// Everyday life at a pool, without pictures.
struct LifeOptions {
  int64_t days = 7;
  double seed = 1;
  double rate_hz = 2;
  double busy = 1;
  double dangers_per_day = 0;
  int workers = 0;

  static void fields(auto& self, auto&& visit) {
    visit("days", self.days, Within{1, 100000}, "Days, the first a Monday");
    visit("seed", self.seed, Within{0, 9e15}, "Of all that is random");
    visit("rate_hz", self.rate_hz, Within{0.01, 10}, "Rows a second for each person");
    visit("busy", self.busy, Within{0.01, 20}, "How many come, against an ordinary day");
    visit("dangers_per_day", self.dangers_per_day, Within{0, 200},
          "How often somebody is in danger, on average; 0 for a life without");
    visit("workers", self.workers, Within{0, 1024}, "Threads; 0: one a core");
  }
};

/// Danger at random moments between the first arrival and the last leave-taking.
std::vector<Plight> draw_plights(Random& random, const std::vector<Person>& people, double per_day);

/// What the tables of figures and pictures begin with.
inline constexpr const char* kHonesty = "Measured in simulation.";

/// A moment, a person and a danger, as their tables have them.
dataset::TruthRow track_row(int32_t day, double time_s, const Stance& stance,
                            const Behaviours& behaviours);
dataset::VisitorRow visitor_row(int32_t day, const Person& person);
dataset::DangerRow danger_row(int32_t day, const Event& event);

/// The file of one day's tracks, below what was written.
std::string tracks_file(int32_t day);

struct LifeSummary {
  int64_t days = 0, people = 0, rows = 0, events = 0;
  double person_hours = 0;
};

/// Writes tracks/day_NNNNN.parquet, visitors.parquet, events.parquet and site.yaml. Each day is
/// drawn from the seed and its number alone: the same bytes on any number of threads.
/// @param done  Called after each day, from any thread.
/// @return kUnavailable (storage), kCancelled.
Result<LifeSummary> simulate_life(const std::string& out, const Pool& pool,
                                  const Behaviours& behaviours, const LifeOptions& options,
                                  const std::function<void(int64_t)>& done,
                                  const std::stop_token& stop);

/// People and times that are given instead of drawn.
struct ScriptedDay {
  double seed = 1;
  double rate_hz = 10;      ///< Rows a second for each person.
  double duration_s = 120;  ///< From midnight.
  Pool pool;
  std::vector<Person> people;
};

/// Plays a scripted day and writes the tables of simulate_life(), as day 0.
Result<LifeSummary> play_scripted_day(const std::string& out, const ScriptedDay& day,
                                      const Behaviours& behaviours, const std::stop_token& stop);

}  // namespace lido::synth
