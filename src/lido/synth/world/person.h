// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lido/geometry/pool.h"
#include "lido/synth/world/behaviour.h"

namespace lido::synth {

using geometry::Point;

/// Somebody who visits the pool.
struct Person {
  int64_t id = 0;
  double age_years = 30;
  bool female = false;
  double stature_m = 1.7;
  int64_t party = 0;        ///< Who come together.
  int64_t minded_by = -1;   ///< Of a toddler: who has the child with him; negative for nobody.
  bool minds = false;       ///< Has a toddler with him.
  bool works = false;       ///< Cleans; stays on the deck.
  double arrives_s = 0;     ///< Of the day.
  double leaves_s = 0;      ///< When he begins to leave.
  std::optional<Point> at;  ///< Where he is then; at the gate when empty.
  /// What he does one after another before he does as he likes.
  struct Act {
    size_t behaviour;
    std::optional<double> for_s;  ///< Drawn when empty.
    size_t signal = 0;            ///< Of the hands, from 1; 0 for none.
  };
  std::vector<Act> acts;

  AgeGroup group() const;
  /// The mouth's height over the soles, standing: small children's heads are large. As the bodies
  /// that are drawn have it.
  double mouth_m() const { return (0.91 - 0.008 * std::max(0.0, 10 - age_years)) * stature_m; }
};

/// Standing height by age: median and standard deviation, metres.
/// Source: CDC/NCHS Vital and Health Statistics 3(46), 2021 (U.S. 2015-2018), rounded; under two
/// years WHO Child Growth Standards 2006.
struct Stature {
  double median_m, deviation_m;
};
Stature stature_of(double age_years, bool female);

/// Draws sex and stature for an age between these.
Person random_person(Random& random, double least_years, double most_years);

/// Everybody who comes on one day of the week (0 Monday), in order of arrival: families, friends,
/// lane swimmers, a party now and then, who cleans before opening. Seconds of the day.
std::vector<Person> random_day(Random& random, int weekday, double busy);

}  // namespace lido::synth
