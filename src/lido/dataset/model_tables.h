// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lido/dataset/former_name.h"

namespace lido::dataset {

// Tables of training runs and of models. The help texts in columns() document the fields.

/// One figure of a training run.
struct MetricRow {
  static constexpr std::string_view kTable = "metrics";
  static constexpr std::string_view kRow = "each figure of a training run";
  int64_t step = 0;
  int64_t epoch = 0;
  std::string split;
  std::string task;
  std::string name;
  double value = 0;

  static void columns(auto&& visit) {
    using Row = MetricRow;
    visit("step", &Row::step, "Number of steps made before the figure was measured");
    visit("epoch", &Row::epoch, "Number of the epoch, from 0");
    visit("split", &Row::split, "Split that the figure was measured on: train or val");
    visit("task", &Row::task, "Task, such as behaviour; empty for a figure of the whole run");
    visit("name", &Row::name,
          "Name of the figure: loss, learning_rate, samples_per_s, accuracy, macro_f1, "
          "calibration_error, temperature or score (mean macro_f1 of the tasks)");
    visit("value", &Row::value, "Value of the figure; NaN when unknown");
  }
};

/// One task of one sample as a model sees it.
struct PredictionRow {
  static constexpr std::string_view kTable = "predictions";
  static constexpr std::string_view kRow = "each sample and task";
  std::string sample;
  std::string clip;
  double start_s = 0, end_s = 0;
  int64_t track = 0;
  std::string task;
  std::string predicted;
  std::string label;
  std::vector<std::string> classes;
  std::vector<double> probabilities;
  std::string model;

  static void columns(auto&& visit) {
    using Row = PredictionRow;
    visit(
        "sample", &Row::sample,
        "Key of the sample, as in the manifest; of a table of points its row, such as hand.csv:12; "
        "of a hand in a clip its track, side and first sampling index");
    visit("clip", &Row::clip, "Path or URI of the clip, or of the table of points");
    visit("start_s", &Row::start_s,
          "Sampling time of the first frame, seconds after the clip's first frame");
    visit("end_s", &Row::end_s,
          "Sampling time of the last frame, seconds after the clip's first frame");
    visit("track", &Row::track, "Id of the person's track in the clip; 0 for whole frames");
    visit("task", &Row::task, "Task, such as behaviour");
    visit("predicted", &Row::predicted,
          "Class with the highest probability; empty for a hand whose signal is unknown");
    visit("label", &Row::label,
          "Class that the labels name; empty without a label of the model's classes");
    visit("classes", &Row::classes, "Names of the task's classes");
    visit("probabilities", &Row::probabilities,
          "Calibrated probability of each class, in the order of `classes`; empty for a hand that "
          "is too small or not seen");
    visit("model", &Row::model, "SHA-256 of the model's graph");
  }
};

/// One person at one time, as `lido predict --poses` reads them; poses.parquet has these columns.
struct KeypointRow {
  static constexpr std::string_view kTable = "keypoints";
  static constexpr std::string_view kRow = "each person at each time";
  std::string clip;
  double time_s = 0;
  int64_t track = 0;
  std::vector<double> keypoints;
  double x = 0, y = 0, width = 0, height = 0;

  static void columns(auto&& visit) {
    using Row = KeypointRow;
    visit("clip", &Row::clip, "Path or URI of the clip, or its last parts");
    visit("time_s", &Row::time_s, "Time of the frame, seconds after the clip's first frame");
    visit("track", &Row::track, "Id of the person in the clip");
    visit("keypoints", &Row::keypoints,
          "The keypoints (x, y, score of each): upright source pixels, and a score from 0 to 1");
    visit("x", &Row::x,
          "Left edge of the person's box, upright source pixels; without the columns of the box, "
          "or with a width of 0, the box is made from the keypoints",
          AddedColumn{});
    visit("y", &Row::y, "Top edge of the person's box", AddedColumn{});
    visit("width", &Row::width, "Width of the person's box", AddedColumn{});
    visit("height", &Row::height, "Height of the person's box", AddedColumn{});
  }
};

}  // namespace lido::dataset
