// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lido/dataset/former_name.h"

namespace lido::dataset {

// The tables of a scene folder and of `lido scene`. The help texts in columns() document the
// fields: unit, range, and when a value is empty.

/// Returns the file name of a table.
template <typename Row>
std::string table_file() {
  return std::string(Row::kTable) + ".parquet";
}
/// Returns the path of a table in a scene folder.
template <typename Row>
std::string scene_table(const std::string& folder) {
  return folder + "/" + table_file<Row>();
}

/// One object at one sampling time.
struct ObjectRow {
  static constexpr std::string_view kTable = "objects";
  static constexpr std::string_view kRow = "each object at each sampling time";
  std::string clip;
  int64_t k = 0;
  double time_s = 0;
  std::string class_name;
  std::string source;
  double score = 0;
  int64_t track = 0;
  double x = 0, y = 0, width = 0, height = 0;

  static void columns(auto&& visit) {
    using Row = ObjectRow;
    visit("clip", &Row::clip, "Absolute path or URI of the clip");
    visit("k", &Row::k,
          "Sampling index of the frame: its time is k / fps seconds after the clip's first frame");
    visit("time_s", &Row::time_s,
          "Sampling time of the frame, seconds after the clip's first frame");
    visit("class_name", &Row::class_name,
          "Class of the object by the detector; empty for an object found by its motion only",
          FormerName{"kind"});
    visit("source", &Row::source,
          "Origin of the box: detector, or motion for a moving object that the detector missed");
    visit("score", &Row::score, "Score of the detector, 0 to 1; 0 for an object found by motion");
    visit("track", &Row::track, "Track id of the object, as in tracks.parquet; 0 for none");
    visit("x", &Row::x, "Left edge of the box, pixels of the upright source frame");
    visit("y", &Row::y, "Top edge of the box, pixels of the upright source frame");
    visit("width", &Row::width, "Width of the box, pixels of the upright source frame");
    visit("height", &Row::height, "Height of the box, pixels of the upright source frame");
  }
};

/// One object followed through a clip.
struct TrackRow {
  static constexpr std::string_view kTable = "tracks";
  static constexpr std::string_view kRow = "each object followed through a clip";
  std::string clip;
  int64_t track = 0;
  std::string class_name;
  int64_t first_k = 0;
  int64_t last_k = 0;
  double start_s = 0;
  double end_s = 0;
  int64_t sightings = 0;
  double mean_score = 0;
  double path_length = 0;

  static void columns(auto&& visit) {
    using Row = TrackRow;
    visit("clip", &Row::clip, "Absolute path or URI of the clip");
    visit("track", &Row::track, "Track id, counted from 1 in each clip");
    visit("class_name", &Row::class_name, "Class of the object by the detector",
          FormerName{"kind"});
    visit("first_k", &Row::first_k, "Sampling index of the first sighting");
    visit("last_k", &Row::last_k, "Sampling index of the last sighting");
    visit("start_s", &Row::start_s,
          "Time of the first sighting, seconds after the clip's first frame");
    visit("end_s", &Row::end_s, "Time of the last sighting, seconds after the clip's first frame");
    visit("sightings", &Row::sightings, "Number of sampling times at which the object was found");
    visit("mean_score", &Row::mean_score, "Mean score of the detector over the track, 0 to 1");
    visit("path_length", &Row::path_length,
          "Length of the path of the box's centre without camera motion, in heights of the box",
          FormerName{"way"});
  }
};

/// Keypoints of one person at one sampling time.
struct PoseRow {
  static constexpr std::string_view kTable = "poses";
  static constexpr std::string_view kRow = "each followed person at each sampling time";
  std::string clip;
  int64_t k = 0;
  double time_s = 0;
  int64_t track = 0;
  bool seen = false;
  double x = 0, y = 0, width = 0, height = 0;
  double score = 0;
  std::string names;
  std::vector<double> keypoints;
  std::vector<double> left_hand, right_hand;

  static void columns(auto&& visit) {
    using Row = PoseRow;
    visit("clip", &Row::clip, "Absolute path or URI of the clip");
    visit("k", &Row::k,
          "Sampling index of the frame: its time is k / fps seconds after the clip's first frame");
    visit("time_s", &Row::time_s,
          "Sampling time of the frame, seconds after the clip's first frame");
    visit("track", &Row::track, "Track id of the person, as in tracks.parquet");
    visit("seen", &Row::seen,
          "True if the detector found the person in the frame; false if the network looked where "
          "the person was expected");
    visit("x", &Row::x, "Left edge of the box that was looked at, upright source pixels");
    visit("y", &Row::y, "Top edge of the box that was looked at, upright source pixels");
    visit("width", &Row::width, "Width of the box that was looked at, upright source pixels");
    visit("height", &Row::height, "Height of the box that was looked at, upright source pixels");
    visit("score", &Row::score, "Mean score of the keypoints, 0 to 1");
    visit("names", &Row::names,
          "Names of the keypoints in their order, separated by commas, such as the 17 of COCO");
    visit("keypoints", &Row::keypoints,
          "The keypoints (x, y, score of each): upright source pixels, and the network's score, 0 "
          "to 1 for most networks");
    visit(
        "left_hand", &Row::left_hand,
        "Landmarks of the left hand (x, y, score of each; the score is that of the hand): upright "
        "source pixels; empty for a hand that is small or not seen, and with --hands off",
        AddedColumn{});
    visit("right_hand", &Row::right_hand, "Landmarks of the right hand, as left_hand",
          AddedColumn{});
  }
};

/// Camera motion at one sampling time.
struct MotionRow {
  static constexpr std::string_view kTable = "motion";
  static constexpr std::string_view kRow = "each sampling time";
  std::string clip;
  int64_t k = 0;
  double time_s = 0;
  std::string motion;
  int64_t view = 0;
  std::vector<double> view_from_frame;
  int64_t reference_k = -1;
  std::vector<double> reference_from_frame;
  std::vector<double> covariance;
  int64_t inliers = 0;

  static void columns(auto&& visit) {
    using Row = MotionRow;
    visit("clip", &Row::clip, "Absolute path or URI of the clip");
    visit("k", &Row::k,
          "Sampling index of the frame: its time is k / fps seconds after the clip's first frame");
    visit("time_s", &Row::time_s,
          "Sampling time of the frame, seconds after the clip's first frame");
    visit("motion", &Row::motion, "Camera motion: still, pan, tilt, zoom, shake, cut or unknown");
    visit("view", &Row::view,
          "Number of the view in its clip, from 0; a cut starts a new view, and homographies "
          "relate all frames of one view");
    visit("view_from_frame", &Row::view_from_frame,
          "Homography from this frame to the first frame of its view: 9 numbers, row-major, "
          "upright source pixels");
    visit("reference_k", &Row::reference_k,
          "Sampling index of the frame that this frame was registered with; -1 for none");
    visit("reference_from_frame", &Row::reference_from_frame,
          "Homography from this frame to the frame at reference_k, as measured: 9 numbers, "
          "row-major, upright source pixels; empty for none");
    visit("covariance", &Row::covariance,
          "Covariance of the frame's corners mapped by reference_from_frame (left top, right top, "
          "right bottom, left bottom; x before y): upper triangle of 8 x 8, row by row, 36 "
          "numbers, square pixels; empty for none");
    visit("inliers", &Row::inliers,
          "Number of image points that agree with the camera motion; 0 without a registration");
  }
};

/// A stretch of a clip with a fault of the view.
struct QualityRow {
  static constexpr std::string_view kTable = "quality";
  static constexpr std::string_view kRow = "each stretch of a clip with a fault of the view";
  std::string clip;
  std::string fault;
  int64_t first_k = 0;
  int64_t end_k = 0;
  double start_s = 0;
  double end_s = 0;

  static void columns(auto&& visit) {
    using Row = QualityRow;
    visit("clip", &Row::clip, "Absolute path or URI of the clip");
    visit("fault", &Row::fault,
          "Fault of the view: black, frozen, covered, blurred, dark, bright or glare");
    visit("first_k", &Row::first_k, "Sampling index of the first frame with the fault");
    visit("end_k", &Row::end_k, "Sampling index after the last frame with the fault");
    visit("start_s", &Row::start_s,
          "Start of the stretch (first_k), seconds after the clip's first frame");
    visit("end_s", &Row::end_s, "End of the stretch (end_k), seconds after the clip's first frame");
  }
};

}  // namespace lido::dataset
