// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lido/geometry/point.h"
#include "lido/synth/world/behaviour.h"

namespace lido::synth {

using geometry::Point;

/// A visitor of the pool. Times are seconds of the day.
struct Person {
  int64_t id = 0;  ///< From 1, unique within the day.
  double age_years = 30;
  bool female = false;
  double stature_m = 1.7;
  int64_t party = 0;           ///< Number of the party that the person comes with.
  int64_t minded_by = -1;      ///< Id of the person who minds this toddler; negative for none.
  bool minds_toddler = false;  ///< Whether the person minds a toddler.
  bool is_cleaner = false;     ///< Whether the person cleans.
  bool is_lifeguard = false;   ///< Whether the person watches the water.
  double arrives_s = 0;
  double leaves_s = 0;      ///< When the person begins to leave.
  std::optional<Point> at;  ///< Where the person arrives; at the gate when empty.
  /// A behaviour that a script asks for.
  struct ScriptedBehaviour {
    size_t behaviour;
    std::optional<double> for_s;  ///< Duration; drawn when empty.
    size_t signal = 0;            ///< Index of the signal, from 1; 0 for none.
  };
  /// Behaviours in order, before the person chooses freely.
  std::vector<ScriptedBehaviour> script;

  AgeGroup group() const;
  /// Whether the person works here; staff stay on the deck, except to help.
  bool is_staff() const { return is_cleaner || is_lifeguard; }
  /// Height of the mouth over the soles when standing, metres. Agrees with the drawn bodies; the
  /// heads of small children are large.
  double mouth_m() const { return (0.91 - 0.008 * std::max(0.0, 10 - age_years)) * stature_m; }
};

/// Standing height, metres.
struct Stature {
  double median_m, deviation_m;
};
/// Median and standard deviation of the stature at an age; constant beyond 1 and 85 years.
/// Source: CDC/NCHS Vital and Health Statistics 3(46), 2021 (U.S. 2015-2018), rounded; under two
/// years WHO Child Growth Standards 2006.
Stature stature_of(double age_years, bool female);

/// Draws age, sex and stature. The age is uniform in [min_years, max_years).
Person random_person(Random& random, double min_years, double max_years);

/// Draws all visitors of one day of the week, in order of arrival: families, friends, lane
/// swimmers, birthday parties, and a cleaner before opening.
/// @param weekday  0 is Monday.
/// @param busy  Factor on the number of visitors.
std::vector<Person> random_day(Random& random, int weekday, double busy);

}  // namespace lido::synth
