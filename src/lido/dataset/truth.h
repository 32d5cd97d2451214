// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/dataset/rows.h"

namespace lido::dataset {

// What the simulator writes: where everybody was, who they were, and what went wrong.

/// Somebody at one moment. Metres in the pool's frame, heights over the water at rest.
struct TruthRow {
  int32_t day = 0;
  double time_s = 0;
  int64_t person = 0;
  double x_m = 0, y_m = 0;
  double mouth_m = 0;
  double heading_rad = 0;
  bool in_water = false;
  std::string behaviour;
  std::string danger;

  static void columns(auto&& visit) {
    using Row = TruthRow;
    visit("day", &Row::day, "Number of the day, from 0");
    visit("time_s", &Row::time_s, "Seconds since midnight");
    visit("person", &Row::person, "Who: unique within the day");
    visit("x_m", &Row::x_m, "Hips along the pool, metres");
    visit("y_m", &Row::y_m, "Hips across it, metres");
    visit("mouth_m", &Row::mouth_m, "Mouth over the water's surface, metres; negative under it");
    visit("heading_rad", &Row::heading_rad, "Where he faces, radians from x, counter-clockwise");
    visit("in_water", &Row::in_water, "Whether the hips are over the basin");
    visit("behaviour", &Row::behaviour, "What he does: lido synth list");
    visit("danger", &Row::danger, "none, distress, drowning, fallen, alone");
  }
};

/// Somebody who came.
struct VisitorRow {
  int32_t day = 0;
  int64_t person = 0;
  double age_years = 0;
  std::string age_group;
  bool female = false;
  double stature_m = 0;
  int64_t party = 0;
  int64_t minded_by = 0;
  double arrives_s = 0;
  double leaves_s = 0;

  static void columns(auto&& visit) {
    using Row = VisitorRow;
    visit("day", &Row::day, "Number of the day, from 0");
    visit("person", &Row::person, "Who: unique within the day");
    visit("age_years", &Row::age_years, "Age, years");
    visit("age_group", &Row::age_group, "toddler, child, teenager, adult, elder");
    visit("female", &Row::female, "Sex");
    visit("stature_m", &Row::stature_m, "Standing height, metres");
    visit("party", &Row::party, "Who come together");
    visit("minded_by", &Row::minded_by, "Of a toddler: the person who has him; -1 for nobody");
    visit("arrives_s", &Row::arrives_s, "Seconds since midnight");
    visit("leaves_s", &Row::leaves_s, "When he begins to leave");
  }
};

/// Danger from its beginning to its end.
struct DangerRow {
  int32_t day = 0;
  int64_t person = 0;
  std::string kind;
  std::string danger;
  double begin_s = 0;
  double end_s = 0;
  std::string outcome;

  static void columns(auto&& visit) {
    using Row = DangerRow;
    visit("day", &Row::day, "Number of the day, from 0");
    visit("person", &Row::person, "Who");
    visit("kind", &Row::kind, "The behaviour it begins with");
    visit("danger", &Row::danger, "The worst of it: distress, drowning, fallen, alone");
    visit("begin_s", &Row::begin_s, "Seconds since midnight");
    visit("end_s", &Row::end_s, "Seconds since midnight");
    visit("outcome", &Row::outcome, "recovered, rescued; open where the day ends first");
  }
};

}  // namespace lido::dataset
