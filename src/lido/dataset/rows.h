// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lido/base/box.h"
#include "lido/base/result.h"
#include "lido/storage/store.h"

namespace lido::dataset {

/// Microseconds since 1970-01-01 UTC.
struct UtcTime {
  int64_t us = 0;
  auto operator<=>(const UtcTime&) const = default;
};

/// Reads "2026-07-01T14:03:00Z", with optional fraction and "+02:00" in place of Z.
/// @return kInvalidArgument for anything else.
Result<UtcTime> parse_utc(std::string_view text);
std::string to_string(const UtcTime& time);

/// A label as it stands on one sample.
struct SampleLabel {
  std::string task;
  std::string label;
  double overlap = 0;  ///< Share of the sample's frames inside the labelled interval, 0 to 1.
  std::string track;   ///< Empty where the label speaks of the whole picture.
  std::vector<double>
      boxes;  ///< x, y, width, height in sample pixels for each frame, NaN where unknown; or empty.
  /// Unknown boxes are equal to each other.
  bool operator==(const SampleLabel& other) const;
};

// A row type lists its columns once; tables.cpp writes and reads Parquet by that list, and
// docs/formats.md shows it.

/// One sample: a window of frames from one clip.
struct SampleRow {
  static constexpr std::string_view kTable = "manifest";
  std::string sample;  ///< Key of its files in the shard.
  std::string split;
  std::string shard;
  int64_t offset = 0;
  int64_t length = 0;
  std::string clip;
  std::string group;
  std::string site;
  std::string camera;
  int64_t first_k = 0;
  std::vector<int64_t> pts;
  double start_s = 0;
  double end_s = 0;
  std::optional<UtcTime> start_utc;
  std::vector<SampleLabel> labels;
  int32_t source_width = 0;
  int32_t source_height = 0;
  double scale_x = 1, scale_y = 1, offset_x = 0, offset_y = 0;
  int64_t track = 0;
  std::vector<double> cutouts;
  std::vector<double> boxes;
  std::string sha256;

  static void columns(auto&& visit) {
    using Row = SampleRow;
    visit("sample", &Row::sample, "Key of the sample's files in the shard");
    visit("split", &Row::split, "train, val or test");
    visit("shard", &Row::shard, "Shard file, relative to the dataset");
    visit("offset", &Row::offset, "First byte of the sample in the shard");
    visit("length", &Row::length, "Bytes of the sample in the shard, tar headers included");
    visit("clip", &Row::clip, "Clip the sample was cut from");
    visit("group", &Row::group, "Clips of one event, which stay in one split");
    visit("site", &Row::site, "Pool");
    visit("camera", &Row::camera, "Camera");
    visit("first_k", &Row::first_k, "Sampling time of the first frame: start + first_k / fps");
    visit("pts", &Row::pts, "Presentation time of every frame, ticks of the clip's time base");
    visit("start_s", &Row::start_s, "First sampling time, seconds after the clip's first picture");
    visit("end_s", &Row::end_s, "Last sampling time, the same way");
    visit("start_utc", &Row::start_utc, "First sampling time on the wall clock, where known");
    visit("labels", &Row::labels, "Labels that overlap the sample");
    visit("source_width", &Row::source_width, "Upright source picture, pixels");
    visit("source_height", &Row::source_height, "Upright source picture, pixels");
    visit("scale_x", &Row::scale_x,
          "x in the sample = scale_x * x in the upright source + offset_x");
    visit("scale_y", &Row::scale_y, "The same for y");
    visit("offset_x", &Row::offset_x, "Sample pixels");
    visit("offset_y", &Row::offset_y, "Sample pixels");
    visit("track", &Row::track, "The person shown, as in the tracks table; 0: the whole picture");
    visit("cutouts", &Row::cutouts,
          "For a person, and each frame: scale_x, scale_y, offset_x, offset_y of what was cut out "
          "(those above are of the context picture)");
    visit("boxes", &Row::boxes,
          "For a person, and each frame, his box: x, y, width, height in sample pixels");
    visit("sha256", &Row::sha256, "Of the sample's bytes in the shard");
  }
};

/// One clip that gave samples, or could have.
struct ClipRow {
  static constexpr std::string_view kTable = "clips";
  std::string clip;
  int64_t bytes = 0;
  std::string fingerprint;  ///< SHA-256 of size, first and last 64 KiB.
  std::string container;
  std::string codec;
  int32_t width = 0;
  int32_t height = 0;
  int64_t time_base_num = 1;
  int64_t time_base_den = 1;
  int64_t start_pts = 0;
  double duration_s = 0;
  double source_fps = 0;
  std::string group;
  std::string site;
  std::string camera;
  std::optional<UtcTime> start_utc;
  std::string split;
  int64_t spans = 0;
  int64_t frames = 0;
  int64_t samples = 0;
  int64_t left_over = 0;

  static void columns(auto&& visit) {
    using Row = ClipRow;
    visit("clip", &Row::clip, "Absolute path or URI");
    visit("bytes", &Row::bytes, "Size");
    visit("fingerprint", &Row::fingerprint, "SHA-256 of size, first and last 64 KiB");
    visit("container", &Row::container, "mov, matroska, mpegts, ...");
    visit("codec", &Row::codec, "h264, hevc, vp9, av1, mjpeg, ...");
    visit("width", &Row::width, "As stored, pixels");
    visit("height", &Row::height, "As stored, pixels");
    visit("time_base_num", &Row::time_base_num, "Seconds in one PTS tick, numerator");
    visit("time_base_den", &Row::time_base_den, "Seconds in one PTS tick, denominator");
    visit("start_pts", &Row::start_pts, "PTS of the first picture: sampling time 0");
    visit("duration_s", &Row::duration_s, "From the first picture to the last one read");
    visit("source_fps", &Row::source_fps, "Average by the header; 0 where it does not tell");
    visit("group", &Row::group, "Clips of one event");
    visit("site", &Row::site, "Pool");
    visit("camera", &Row::camera, "Camera");
    visit("start_utc", &Row::start_utc, "First picture on the wall clock, where known");
    visit("split", &Row::split, "train, val or test");
    visit("spans", &Row::spans, "Pieces it was read in");
    visit("frames", &Row::frames, "Frames extracted");
    visit("samples", &Row::samples, "Samples cut");
    visit("left_over", &Row::left_over,
          "Frames in no sample: before a cut, or after the last whole window");
  }
};

/// One span: the part of a clip that was read in one go.
struct SpanRow {
  static constexpr std::string_view kTable = "spans";
  std::string clip;
  int64_t span = 0;
  int64_t first_k = 0;
  int64_t end_k = 0;
  int64_t samples = 0;
  int64_t packets_read = 0;
  int64_t packets_decoded = 0;
  bool planned = true;

  static void columns(auto&& visit) {
    using Row = SpanRow;
    visit("clip", &Row::clip, "Clip");
    visit("span", &Row::span, "Number within the clip");
    visit("first_k", &Row::first_k, "First sampling time whose samples belong here");
    visit("end_k", &Row::end_k, "One past the last; -1 for the end of the clip");
    visit("samples", &Row::samples, "Samples cut");
    visit("packets_read", &Row::packets_read, "Video packets read");
    visit("packets_decoded", &Row::packets_decoded, "Of these, decoded");
    visit("planned", &Row::planned, "False where everything had to be decoded");
  }
};

/// Sampling times of a clip at which nobody looked, because nothing moved (--fps auto).
struct SkippedRow {
  static constexpr std::string_view kTable = "skipped";
  std::string clip;
  int64_t first_k = 0;
  int64_t end_k = 0;
  double start_s = 0;
  double end_s = 0;
  bool decoded = false;

  static void columns(auto&& visit) {
    using Row = SkippedRow;
    visit("clip", &Row::clip, "Clip");
    visit("first_k", &Row::first_k, "First sampling time passed over");
    visit("end_k", &Row::end_k, "One past the last");
    visit("start_s", &Row::start_s, "Seconds after the clip's first picture");
    visit("end_s", &Row::end_s, "The same way, of end_k");
    visit(
        "decoded", &Row::decoded,
        "Told by motion vectors and decoded pictures; false: by sizes of packets and the pictures "
        "before and after");
  }
};

/// One clip that broke.
struct RejectedRow {
  static constexpr std::string_view kTable = "rejected";
  std::string clip;
  std::string reason;
  double time_s = 0;
  int64_t samples_kept = 0;

  static void columns(auto&& visit) {
    using Row = RejectedRow;
    visit("clip", &Row::clip, "Clip");
    visit("reason", &Row::reason, "What broke");
    visit("time_s", &Row::time_s, "Up to where it was good, seconds after the first picture");
    visit("samples_kept", &Row::samples_kept, "Samples kept from before (--keep-partial)");
  }
};

/// One object at one sampling time.
struct ObjectRow {
  std::string clip;
  int64_t k = 0;
  double time_s = 0;
  std::string kind;
  std::string source;
  double score = 0;
  int64_t track = 0;
  double x = 0, y = 0, width = 0, height = 0;

  static void columns(auto&& visit) {
    using Row = ObjectRow;
    visit("clip", &Row::clip, "Clip");
    visit("k", &Row::k, "Sampling time: start + k / fps");
    visit("time_s", &Row::time_s, "The same, seconds after the clip's first picture");
    visit("kind", &Row::kind, "Class of the detector; empty for something that only moved");
    visit("source", &Row::source, "detector; or motion: it moved and the detector did not find it");
    visit("score", &Row::score, "The detector's, 0 to 1; 0 for motion");
    visit("track", &Row::track, "Track it belongs to; 0 for none");
    visit("x", &Row::x, "Left edge, upright source pixels");
    visit("y", &Row::y, "Top edge");
    visit("width", &Row::width, "Upright source pixels");
    visit("height", &Row::height, "Upright source pixels");
  }
};

/// One object's way through a clip.
struct TrackRow {
  std::string clip;
  int64_t track = 0;
  std::string kind;
  int64_t first_k = 0;
  int64_t last_k = 0;
  double start_s = 0;
  double end_s = 0;
  int64_t sightings = 0;
  double mean_score = 0;
  double way = 0;

  static void columns(auto&& visit) {
    using Row = TrackRow;
    visit("clip", &Row::clip, "Clip");
    visit("track", &Row::track, "Number, from 1 in each clip");
    visit("kind", &Row::kind, "Class of the detector");
    visit("first_k", &Row::first_k, "Sampling time of the first sighting");
    visit("last_k", &Row::last_k, "Of the last");
    visit("start_s", &Row::start_s, "First sighting, seconds after the clip's first picture");
    visit("end_s", &Row::end_s, "Last sighting, the same way");
    visit("sightings", &Row::sightings, "Sampling times at which it was found");
    visit("mean_score", &Row::mean_score, "The detector's mean score");
    visit("way", &Row::way,
          "Path of the box's centre, heights of the box, camera motion taken out");
  }
};

/// How the camera moved at one sampling time.
struct MotionRow {
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
    visit("clip", &Row::clip, "Clip");
    visit("k", &Row::k, "Sampling time");
    visit("time_s", &Row::time_s, "The same, seconds after the clip's first picture");
    visit("motion", &Row::motion, "still, pan, tilt, zoom, shake, cut or unknown");
    visit("view", &Row::view, "Counts cuts: pictures of one view can be laid over each other");
    visit("view_from_frame", &Row::view_from_frame,
          "Homography into the view's first picture, 9 numbers row-major, upright source pixels");
    visit("reference_k", &Row::reference_k, "Picture it was registered with; -1 for none");
    visit("reference_from_frame", &Row::reference_from_frame,
          "Homography into that picture as measured; empty for none");
    visit("covariance", &Row::covariance,
          "Of that picture's mapped corners: left top, right top, right bottom, left bottom; "
          "x before y; upper triangle of 8 x 8 row by row, square pixels; empty for none");
    visit("inliers", &Row::inliers, "Points that moved with the camera");
  }
};

/// A stretch of time in which something is wrong with the view.
struct QualityRow {
  std::string clip;
  std::string fault;
  int64_t first_k = 0;
  int64_t end_k = 0;
  double start_s = 0;
  double end_s = 0;

  static void columns(auto&& visit) {
    using Row = QualityRow;
    visit("clip", &Row::clip, "Clip");
    visit("fault", &Row::fault, "black, frozen, covered, blurred, dark, bright or glare");
    visit("first_k", &Row::first_k, "First sampling time");
    visit("end_k", &Row::end_k, "One past the last");
    visit("start_s", &Row::start_s, "Seconds after the clip's first picture");
    visit("end_s", &Row::end_s, "The same way, of end_k");
  }
};

/// Writes rows as one Parquet file: zstd, fixed row groups, so that equal rows give equal bytes.
/// Holds one row group at a time, however many rows there are. Not thread-safe.
template <typename Row>
class TableWriter {
 public:
  static Result<TableWriter> create(storage::Store& store, std::string name);
  TableWriter(TableWriter&&) noexcept;
  TableWriter& operator=(TableWriter&&) noexcept;
  ~TableWriter();  ///< Without commit(), nothing is published.

  Result<void> append(Row row);
  Result<void> commit();
  int64_t rows() const;

 private:
  struct State;
  explicit TableWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Calls visit for every row, in order, one row group at a time.
/// @return kNotFound; kCorrupt when the file is no table of such rows; the first error of visit.
template <typename Row>
Result<void> visit_table(storage::Store& store, const std::string& name,
                         const std::function<Result<void>(Row&)>& visit);

/// Whole small tables.
template <typename Row>
Result<void> write_table(storage::Store& store, const std::string& name,
                         const std::vector<Row>& rows) {
  auto writer = LIDO_TRY(TableWriter<Row>::create(store, name));
  for (const Row& row : rows) LIDO_TRY(writer.append(row));
  return writer.commit();
}
template <typename Row>
Result<std::vector<Row>> read_table(storage::Store& store, const std::string& name) {
  std::vector<Row> rows;
  LIDO_TRY(visit_table<Row>(store, name, [&](Row& row) -> Result<void> {
    rows.push_back(std::move(row));
    return {};
  }));
  return rows;
}

}  // namespace lido::dataset
