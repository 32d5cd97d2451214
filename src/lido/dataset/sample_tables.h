// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lido/dataset/clip_tables.h"
#include "lido/dataset/former_name.h"
#include "lido/dataset/time.h"

namespace lido::dataset {

// The tables of a generation. The help texts in columns() document the fields: unit, range, and
// when a value is empty. kTable is the file's name without .parquet, kRow completes "one row for".
// kMayLack marks a table that earlier versions did not write.

/// A label on one sample.
struct SampleLabel {
  std::string task;
  std::string label;
  double overlap = 0;
  std::string track;
  std::vector<double> boxes;

  /// Compares all fields; two unknown (NaN) coordinates are equal.
  bool operator==(const SampleLabel& other) const;

  static void columns(auto&& visit) {
    using Row = SampleLabel;
    visit("task", &Row::task, "Kind of label, such as behaviour or age");
    visit("label", &Row::label, "Name of the label, such as drowning");
    visit("overlap", &Row::overlap,
          "Share of the sample's frames, copies of the last one left out, inside the labelled "
          "interval, above 0 and up to 1");
    visit("track", &Row::track,
          "Id of the labelled person in the labels file; empty for a label of the whole frame");
    visit("boxes", &Row::boxes,
          "Labelled box in each frame (x, y, width, height), sample pixels, NaN where unknown; "
          "empty for a label without boxes");
  }
};

/// One sample: a window of frames from one clip.
struct SampleRow {
  static constexpr std::string_view kTable = "manifest";
  static constexpr std::string_view kRow = "each sample";
  std::string sample;
  std::string split;
  std::string shard;
  int64_t offset = 0, length = 0;
  std::string clip;
  std::string group;
  std::string site;
  std::string camera;
  int64_t first_k = 0;
  std::vector<int64_t> pts;
  double start_s = 0, end_s = 0;
  std::optional<UtcTime> start_utc;
  std::vector<SampleLabel> labels;
  int32_t source_width = 0, source_height = 0;
  double scale_x = 1, scale_y = 1, offset_x = 0, offset_y = 0;
  int64_t track = 0;
  std::vector<double> cutouts, boxes, keypoints;
  std::string sha256;
  std::vector<bool> seen;
  int64_t repeated = 0;
  std::string source;
  std::string person;

  static void columns(auto&& visit) {
    using Row = SampleRow;
    visit("sample", &Row::sample,
          "Key of the sample: its files in the shard are KEY.000.jpg, KEY.001.jpg, ..., KEY.json");
    visit("split", &Row::split, "Split of the sample: train, val or test");
    visit("shard", &Row::shard, "Path of the shard file, relative to the dataset");
    visit("offset", &Row::offset, "Position of the sample in the shard file, bytes");
    visit("length", &Row::length, "Size of the sample in the shard file with tar headers, bytes");
    visit("clip", &Row::clip, "Absolute path or URI of the source clip");
    visit("group", &Row::group,
          "Event that the clip shows, by default the clip itself; a group is in one split");
    visit("site", &Row::site, "Name of the pool; empty if the list of clips names none");
    visit("camera", &Row::camera, "Name of the camera; empty if the list names none");
    visit("first_k", &Row::first_k,
          "Sampling index of the first frame, first_k / fps seconds after the clip's first frame");
    visit("pts", &Row::pts, "Presentation timestamp of each frame, ticks of the clip's time base");
    visit("start_s", &Row::start_s,
          "Sampling time of the first frame, seconds after the clip's first frame");
    visit("end_s", &Row::end_s,
          "Sampling time of the last frame, seconds after the clip's first frame");
    visit("start_utc", &Row::start_utc, "Sampling time of the first frame, UTC; null if unknown");
    visit("labels", &Row::labels,
          "Labels whose interval holds at least one frame of the sample; empty if there are none");
    visit("source_width", &Row::source_width, "Width of the upright source frame, pixels");
    visit("source_height", &Row::source_height, "Height of the upright source frame, pixels");
    visit("scale_x", &Row::scale_x,
          "Factor of x_sample = scale_x * x_source + offset_x; for a person: of the context image");
    visit("scale_y", &Row::scale_y,
          "Factor of y_sample = scale_y * y_source + offset_y; for a person: of the context image");
    visit("offset_x", &Row::offset_x,
          "Offset of x_sample = scale_x * x_source + offset_x, sample pixels");
    visit("offset_y", &Row::offset_y,
          "Offset of y_sample = scale_y * y_source + offset_y, sample pixels");
    visit("track", &Row::track,
          "Track id of the person shown, in tracks.parquet or of the labels; with source motion a "
          "number from 1; 0 for whole frames");
    visit("cutouts", &Row::cutouts,
          "Mapping from source to sample of each frame (scale_x, scale_y, offset_x, offset_y); "
          "empty for a sample of whole frames");
    visit("boxes", &Row::boxes,
          "Box of the person shown in each frame (x, y, width, height), sample pixels; empty for "
          "a sample of whole frames");
    visit("keypoints", &Row::keypoints,
          "Keypoints of the person shown in each frame (x, y, score of each, as in poses.parquet), "
          "sample pixels; NaN in a frame without a pose; empty for whole frames and --poses off",
          AddedColumn{});
    visit("sha256", &Row::sha256, "SHA-256 of the sample's bytes in the shard, hexadecimal");
    visit("seen", &Row::seen,
          "For each frame, false if it is filled in: its box is interpolated in a gap of a track, "
          "or it repeats the frame before; empty in datasets of earlier versions",
          AddedColumn{});
    visit("repeated", &Row::repeated, "Number of copies of the last frame at the end",
          AddedColumn{});
    visit("source", &Row::source,
          "Origin of the boxes along which the sample was cut: detector, label, or motion for what "
          "moved in water; frame for whole frames; empty in datasets of earlier versions",
          AddedColumn{});
    visit("person", &Row::person, "Id of the labelled person, with source label; otherwise empty",
          AddedColumn{});
  }
};

}  // namespace lido::dataset
