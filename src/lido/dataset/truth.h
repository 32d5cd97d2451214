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

/// Somebody in one picture of a simulated camera. Upright pixels, from the left edge of the left
/// pixel and the top edge of the top one; metres in the pool's frame, heights over the water at
/// rest.
struct SeenRow {
  std::string clip;
  int64_t frame = 0;
  double time_s = 0;
  double clock_s = 0;
  int64_t person = 0;
  std::string age_group;
  std::string behaviour;
  std::string danger;
  std::string signal;
  int64_t party = 0;
  std::vector<double> whole;
  std::vector<double> visible;
  double share = 0;
  std::vector<double> keypoints;
  std::vector<double> through_waves;
  std::vector<int64_t> visibility;
  std::vector<double> keypoints_m;
  double mouth_m = 0;
  double head_top_m = 0;
  double sun = 0;

  static void columns(auto&& visit) {
    using Row = SeenRow;
    visit("clip", &Row::clip, "The camera's video, below the folder");
    visit("frame", &Row::frame, "Number of the picture, from 0");
    visit("time_s", &Row::time_s, "When it was taken, seconds since the scene's beginning");
    visit("clock_s", &Row::clock_s, "The same by the camera's clock, which is off and drifts");
    visit("person", &Row::person, "Who");
    visit("age_group", &Row::age_group, "toddler, child, teenager, adult, elder");
    visit("behaviour", &Row::behaviour, "What he does: lido synth list");
    visit("danger", &Row::danger, "none, distress, drowning, fallen, alone");
    visit("signal", &Row::signal, "Signal of the hands: lido synth list; none");
    visit("party", &Row::party, "Who come together");
    visit("whole", &Row::whole,
          "Box around the whole person, hidden parts and those outside the picture too: x, y, "
          "width, height");
    visit("visible", &Row::visible, "Box around what is seen of him; empty for nothing");
    visit("share", &Row::share, "Pixels seen of him, of the box around the whole person");
    visit("keypoints", &Row::keypoints,
          "COCO's 17 points, x and y of each, through still water; NaN behind the camera");
    visit("through_waves", &Row::through_waves, "The same through the waves at that moment");
    visit("visibility", &Row::visibility,
          "Of each, as COCO's: 2 seen, 1 hidden, 0 outside the picture");
    visit("keypoints_m", &Row::keypoints_m, "The points: x, y, z of each, metres");
    visit("mouth_m", &Row::mouth_m, "Mouth over the water at rest, metres");
    visit("head_top_m", &Row::head_top_m, "Highest point of the head over it, metres");
    visit("sun", &Row::sun, "Strength of the sun at that moment; 1 is a clear day's");
  }
};

}  // namespace lido::dataset
