// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lido/dataset/former_name.h"

namespace lido::dataset {

// The tables of the simulator: positions of people, visitors, and danger events.
// Metres are in the pool's frame: x along the pool, y across it, heights above the resting water
// surface. Pixels are upright, from the left edge of the left pixel and the top edge of the top
// pixel. The help texts in columns() document the fields.

/// One person at one moment.
struct TruthRow {
  static constexpr std::string_view kTable = "tracks/day_NNNNN";
  static constexpr std::string_view kRow = "each person at each moment";
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
    visit("time_s", &Row::time_s, "Time of day, seconds since midnight");
    visit("person", &Row::person, "Id of the person, unique within the day");
    visit("x_m", &Row::x_m, "Position of the hips along the pool, metres");
    visit("y_m", &Row::y_m, "Position of the hips across the pool, metres");
    visit("mouth_m", &Row::mouth_m,
          "Height of the mouth above the water surface, metres; negative under water");
    visit("heading_rad", &Row::heading_rad,
          "Direction that the person faces, radians from the x axis, counter-clockwise");
    visit("in_water", &Row::in_water, "True if the hips are inside the pool's outline");
    visit("behaviour", &Row::behaviour,
          "Behaviour of the person; `lido synth list` describes each name");
    visit("danger", &Row::danger,
          "Danger to the person: none, distress, drowning, fallen or alone");
  }
};

/// One visitor of one day.
struct VisitorRow {
  static constexpr std::string_view kTable = "visitors";
  static constexpr std::string_view kRow = "each visitor of each day";
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
    visit("person", &Row::person, "Id of the person, unique within the day");
    visit("age_years", &Row::age_years, "Age of the person, years");
    visit("age_group", &Row::age_group, "Age group: toddler, child, teenager, adult or elder");
    visit("female", &Row::female, "True for a female body, false for a male body");
    visit("stature_m", &Row::stature_m, "Standing height of the person, metres");
    visit("party", &Row::party, "Id of the party; people of one party come together");
    visit("minded_by", &Row::minded_by,
          "Id of the person who looks after this toddler; -1 for none and for other age groups");
    visit("arrives_s", &Row::arrives_s, "Arrival of the person, seconds since midnight");
    visit("leaves_s", &Row::leaves_s,
          "Time at which the person starts to leave, seconds since midnight");
  }
};

/// One danger event: a danger of one person from its start to its end.
struct DangerRow {
  static constexpr std::string_view kTable = "events";
  static constexpr std::string_view kRow = "each danger event";
  int32_t day = 0;
  int64_t person = 0;
  std::string kind;
  std::string danger;
  double start_s = 0;
  double end_s = 0;
  std::string outcome;
  double instinct_s = 0;
  double submerged_s = 0;
  double still_s = 0;
  double rescued_s = 0;

  static void columns(auto&& visit) {
    using Row = DangerRow;
    visit("day", &Row::day, "Number of the day, from 0");
    visit("person", &Row::person, "Id of the person in danger, unique within the day");
    visit("kind", &Row::kind, "Behaviour that the event begins with; see `lido synth list`");
    visit("danger", &Row::danger, "Worst danger of the event: distress, drowning, fallen or alone");
    visit("start_s", &Row::start_s, "Start of the event, seconds since midnight",
          FormerName{"begin_s"});
    visit("end_s", &Row::end_s, "End of the event, seconds since midnight");
    visit("outcome", &Row::outcome,
          "Outcome: recovered or rescued; open if the day ends before the event does");
    visit("instinct_s", &Row::instinct_s,
          "Start of the first drowning behaviour, seconds since midnight; NaN without one");
    visit("submerged_s", &Row::submerged_s,
          "Start of the first submersion of the mouth that lasts 10 s, seconds since midnight; NaN "
          "without one");
    visit("still_s", &Row::still_s,
          "Time from which the limbs stay still for 5 s, seconds since midnight; NaN if they move "
          "until the end");
    visit("rescued_s", &Row::rescued_s,
          "Time of the rescue, seconds since midnight; NaN without one");
  }
};

/// One person of a film: build and colours, to compare results by.
struct LookRow {
  static constexpr std::string_view kTable = "looks";
  static constexpr std::string_view kRow = "each person of a film";
  int64_t person = 0;
  double age_years = 0;
  std::string age_group;
  bool female = false;
  double stature_m = 0;
  std::string build;
  double weight = 0;
  double skin_tone = 0;
  std::string wear;
  std::vector<double> cloth;
  double cloth_difference = 0;
  double skin_difference = 0;
  bool cap = false;

  static void columns(auto&& visit) {
    using Row = LookRow;
    visit("person", &Row::person, "Id of the person, unique within the scene");
    visit("age_years", &Row::age_years, "Age of the person, years");
    visit("age_group", &Row::age_group, "Age group: toddler, child, teenager, adult or elder");
    visit("female", &Row::female, "True for a female body, false for a male body");
    visit("stature_m", &Row::stature_m, "Standing height of the person, metres");
    visit("build", &Row::build, "Build: slim, average or heavy");
    visit("weight", &Row::weight, "Build as a number: 0 slim, 0.5 average, 1 heavy");
    visit("skin_tone", &Row::skin_tone, "Monk Skin Tone scale: 1 lightest, 10 darkest");
    visit("wear", &Row::wear, "Swimwear: trunks, long_trunks, swimsuit, bikini or shirt");
    visit("cloth", &Row::cloth, "Colour of the swimwear, linear reflectance (red, green, blue)");
    visit("cloth_difference", &Row::cloth_difference,
          "Colour difference between swimwear and the basin's floor, CIE 1976 L*a*b*");
    visit("skin_difference", &Row::skin_difference,
          "Colour difference between skin and the basin's floor, CIE 1976 L*a*b*");
    visit("cap", &Row::cap, "True with a swimming cap");
  }
};

/// One frame of a simulated camera, whether or not a person is present.
struct FilmedRow {
  static constexpr std::string_view kTable = "frames/CAMERA";
  static constexpr std::string_view kRow = "each frame of a simulated camera";
  std::string clip;
  int64_t frame = 0;
  int64_t pts = 0;
  double time_s = 0;
  double clock_s = 0;
  int64_t shown_frame = 0;
  bool frozen = false;
  std::string fault;
  std::vector<double> turn_rad;
  std::vector<double> cam_from_world;
  double sun = 0;

  static void columns(auto&& visit) {
    using Row = FilmedRow;
    visit("clip", &Row::clip, "Path of the camera's video, relative to the folder");
    visit("frame", &Row::frame, "Number of the frame in the video, from 0; lost frames have none");
    visit("pts", &Row::pts, "Presentation timestamp of the frame, ticks of the video's time base");
    visit("time_s", &Row::time_s, "Capture time of the frame, seconds since the scene's start");
    visit("clock_s", &Row::clock_s,
          "Capture time by the camera's own clock, with its offset and drift, seconds");
    visit("shown_frame", &Row::shown_frame,
          "Number of the frame whose image is shown: `frame`, or the last one before a freeze");
    visit("frozen", &Row::frozen, "True if the camera repeats an earlier image");
    visit("fault", &Row::fault,
          "Fault of the camera: none, cover, blind, defocus, knock or freeze; joined by + if "
          "several last");
    visit("turn_rad", &Row::turn_rad,
          "Rotation of a knocked camera in its own axes, as a rotation vector (OpenCV's rvec), "
          "radians; empty without a knock");
    visit("cam_from_world", &Row::cam_from_world,
          "Pose at the moment, with the knock: rows of the 3x4 matrix [R | t] in OpenCV's axes");
    visit("sun", &Row::sun, "Strength of the sunlight at the moment; 1 for a clear day");
  }
};

/// One person in one frame of a simulated camera.
struct SeenRow {
  static constexpr std::string_view kTable = "truth/CAMERA";
  static constexpr std::string_view kRow = "each person in each frame of a simulated camera";
  std::string clip;
  int64_t frame = 0;
  int64_t pts = 0;
  double time_s = 0;
  double clock_s = 0;
  int64_t shown_frame = 0;
  bool frozen = false;
  std::string fault;
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
    visit("clip", &Row::clip, "Path of the camera's video, relative to the folder");
    visit("frame", &Row::frame, "Number of the frame in the video, from 0; lost frames have none");
    visit("pts", &Row::pts, "Presentation timestamp of the frame, ticks of the video's time base");
    visit("time_s", &Row::time_s, "Capture time of the frame, seconds since the scene's start");
    visit("clock_s", &Row::clock_s,
          "Capture time by the camera's own clock, with its offset and drift, seconds");
    visit("shown_frame", &Row::shown_frame,
          "Number of the frame whose image is shown: `frame`, or the last one before a freeze; "
          "boxes and points are those of `time_s`, not of a frozen image");
    visit("frozen", &Row::frozen, "True if the camera repeats an earlier image");
    visit("fault", &Row::fault,
          "Fault of the camera: none, cover, blind, defocus, knock or freeze; joined by + if "
          "several last");
    visit("person", &Row::person, "Id of the person, unique within the scene");
    visit("age_group", &Row::age_group, "Age group: toddler, child, teenager, adult or elder");
    visit("behaviour", &Row::behaviour,
          "Behaviour of the person; `lido synth list` describes each name");
    visit("danger", &Row::danger,
          "Danger to the person: none, distress, drowning, fallen or alone");
    visit("signal", &Row::signal, "Hand signal of the person, as in `lido synth list`; or none");
    visit("party", &Row::party, "Id of the party; people of one party come together");
    visit("whole", &Row::whole,
          "Box around the whole person (x, y, width, height), with hidden parts and parts outside "
          "the frame, pixels");
    visit("visible", &Row::visible,
          "Box around the visible part of the person (x, y, width, height), pixels; empty if "
          "nothing is visible");
    visit("share", &Row::share,
          "Visible pixels of the person divided by the area of the box around the whole person");
    visit("keypoints", &Row::keypoints,
          "The 17 COCO keypoints (x, y of each) seen through still water, pixels; NaN behind the "
          "camera");
    visit("through_waves", &Row::through_waves,
          "The 17 COCO keypoints (x, y of each) seen through the waves of the moment, pixels; NaN "
          "behind the camera");
    visit("visibility", &Row::visibility,
          "COCO visibility of each keypoint: 2 visible, 1 hidden, 0 outside the frame");
    visit("keypoints_m", &Row::keypoints_m,
          "The 17 COCO keypoints in the pool's frame (x, y, z of each), metres");
    visit("mouth_m", &Row::mouth_m, "Height of the mouth above the resting water surface, metres");
    visit("head_top_m", &Row::head_top_m,
          "Height of the top of the head above the resting water surface, metres");
    visit("sun", &Row::sun, "Strength of the sunlight at the moment; 1 for a clear day");
  }
};

/// The box of one labelled person at one moment, as `lido ingest --label-boxes` takes it.
struct LabelBoxRow {
  static constexpr std::string_view kTable = "label_boxes";
  static constexpr std::string_view kRow = "each visible person in each frame";
  std::string clip;
  std::string track;
  double time_s = 0;
  double x = 0, y = 0, width = 0, height = 0;

  static void columns(auto&& visit) {
    using Row = LabelBoxRow;
    visit("clip", &Row::clip, "Path of the camera's video, relative to the folder");
    visit("track", &Row::track, "Id of the person, as in labels.csv");
    visit("time_s", &Row::time_s, "Time of the frame, seconds after the clip's first frame");
    visit("x", &Row::x, "Left edge of the box around the visible part, pixels");
    visit("y", &Row::y, "Top edge of the box around the visible part, pixels");
    visit("width", &Row::width, "Width of the box, pixels");
    visit("height", &Row::height, "Height of the box, pixels");
  }
};

}  // namespace lido::dataset
