// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
          "Share of the sample's frames inside the labelled interval, above 0 and up to 1");
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
  std::vector<double> cutouts;
  std::vector<double> boxes;
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
          "Event that the clip shows, by default the clip itself; all clips of one group share a "
          "split");
    visit("site", &Row::site, "Name of the pool; empty if the list of clips names none");
    visit("camera", &Row::camera, "Name of the camera; empty if the list of clips names none");
    visit("first_k", &Row::first_k,
          "Sampling index of the first frame: its time is first_k / fps seconds after the clip's "
          "first frame");
    visit("pts", &Row::pts, "Presentation timestamp of each frame, ticks of the clip's time base");
    visit("start_s", &Row::start_s,
          "Sampling time of the first frame, seconds after the clip's first frame");
    visit("end_s", &Row::end_s,
          "Sampling time of the last frame, seconds after the clip's first frame");
    visit(
        "start_utc", &Row::start_utc,
        "Sampling time of the first frame on the wall clock; null if the clip's start is unknown");
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
          "Track id of the person shown, as in tracks.parquet; with source label, the number of the "
          "labelled person in the clip; 0 for a sample of whole frames");
    visit("cutouts", &Row::cutouts,
          "Mapping from source to sample of each frame (scale_x, scale_y, offset_x, offset_y); "
          "empty for a sample of whole frames");
    visit("boxes", &Row::boxes,
          "Box of the person shown in each frame (x, y, width, height), sample pixels; empty for "
          "a sample of whole frames");
    visit("sha256", &Row::sha256, "SHA-256 of the sample's bytes in the shard, hexadecimal");
    visit("seen", &Row::seen,
          "For each frame, true if it was seen; false if it was filled in: its box is interpolated "
          "in a gap of the track, or it repeats the frame before it. Empty in datasets of earlier "
          "versions",
          AddedColumn{});
    visit("repeated", &Row::repeated,
          "Number of frames at the end that repeat the last frame, in a stretch shorter than a "
          "window",
          AddedColumn{});
    visit("source", &Row::source,
          "Origin of the boxes along which the sample was cut: detector or label; frame for a "
          "sample of whole frames. Empty in datasets of earlier versions",
          AddedColumn{});
    visit("person", &Row::person,
          "Id of the labelled person along whose boxes the sample was cut, as in the labels file; "
          "empty for other samples",
          AddedColumn{});
  }
};

/// One label of one clip.
struct LabelRow {
  static constexpr std::string_view kTable = "labels";
  static constexpr std::string_view kRow = "each label of the clips, with or without samples";
  std::string clip;
  double start_s = 0, end_s = 0;
  std::string task;
  std::string label;
  std::string track;
  bool operator==(const LabelRow&) const = default;

  static void columns(auto&& visit) {
    using Row = LabelRow;
    visit("clip", &Row::clip, "Absolute path or URI of the clip");
    visit("start_s", &Row::start_s, "Start of the label, seconds after the clip's first frame");
    visit("end_s", &Row::end_s,
          "End of the label, exclusive, seconds after the clip's first frame");
    visit("task", &Row::task, "Kind of label, such as behaviour or age");
    visit("label", &Row::label, "Name of the label, such as drowning");
    visit("track", &Row::track,
          "Id of the labelled person in the labels file; empty for a label of the whole frame");
  }
};

/// One clip that the ingest read, with or without samples.
struct ClipRow {
  static constexpr std::string_view kTable = "clips";
  static constexpr std::string_view kRow = "each clip";
  std::string clip;
  int64_t bytes = 0;
  std::string fingerprint;
  std::string container;
  std::string codec;
  int32_t width = 0, height = 0;
  int64_t time_base_num = 1, time_base_den = 1;
  int64_t start_pts = 0;
  double duration_s = 0;
  double source_fps = 0;
  std::string other_video;
  std::string group;
  std::string site;
  std::string camera;
  std::optional<UtcTime> start_utc;
  std::string split;
  int64_t spans = 0;
  int64_t frames = 0;
  int64_t samples = 0;
  int64_t left_over = 0;
  int64_t modified_ns = 0;
  std::vector<std::string> copies;

  static void columns(auto&& visit) {
    using Row = ClipRow;
    visit("clip", &Row::clip, "Absolute path or URI of the clip");
    visit("bytes", &Row::bytes, "Size of the clip's file, bytes");
    visit("fingerprint", &Row::fingerprint,
          "Checksum of the file's size and of pieces at its start, end and between; equal for "
          "copies of a file");
    visit("container", &Row::container, "Container format, such as mov, matroska or mpegts");
    visit("codec", &Row::codec, "Video codec, such as h264, hevc, vp9, av1 or mjpeg");
    visit("width", &Row::width, "Width of the frames as stored, before rotation, pixels");
    visit("height", &Row::height, "Height of the frames as stored, before rotation, pixels");
    visit("time_base_num", &Row::time_base_num,
          "Numerator of the time base, which is the length of a PTS tick in seconds");
    visit("time_base_den", &Row::time_base_den,
          "Denominator of the time base, which is the length of a PTS tick in seconds");
    visit("start_pts", &Row::start_pts,
          "Presentation timestamp of the first frame (sampling index 0), ticks of the time base");
    visit("duration_s", &Row::duration_s,
          "Time from the first frame to the last frame read, seconds");
    visit("source_fps", &Row::source_fps,
          "Average frame rate from the container's header, frames a second; 0 if it has none");
    visit("other_video", &Row::other_video,
          "Video tracks of the file that were not read, with FFmpeg's stream number, codec and "
          "size, such as \"#0 mjpeg 160x90\"; empty if there is no other",
          AddedColumn{});
    visit("group", &Row::group,
          "Event that the clip shows, by default the clip itself; all clips of one group share a "
          "split");
    visit("site", &Row::site, "Name of the pool; empty if the list of clips names none");
    visit("camera", &Row::camera, "Name of the camera; empty if the list of clips names none");
    visit("start_utc", &Row::start_utc,
          "Time of the first frame on the wall clock; null if the list of clips gives none");
    visit("split", &Row::split, "Split of the clip's samples: train, val or test");
    visit("spans", &Row::spans, "Number of spans that the clip was read in");
    visit("frames", &Row::frames, "Number of frames sampled from the clip");
    visit("samples", &Row::samples, "Number of samples cut from the clip");
    visit("left_over", &Row::left_over,
          "Number of sampled frames in no sample of whole frames, with --stride above --window; 0 "
          "where samples show people or labels");
    visit("modified_ns", &Row::modified_ns,
          "Time of the file's last change when it was read, ns since 1970; 0 when unknown",
          AddedColumn{});
    visit("copies", &Row::copies,
          "Absolute paths or URIs of further files with the same content, which give no samples",
          AddedColumn{});
  }
};

/// One span: a part of a clip that one task reads.
struct SpanRow {
  static constexpr std::string_view kTable = "spans";
  static constexpr std::string_view kRow = "each span, the part of a clip that one task reads";
  std::string clip;
  int64_t span = 0;
  int64_t first_k = 0, end_k = 0;
  int64_t samples = 0;
  int64_t packets_read = 0, packets_decoded = 0;
  bool planned = true;

  static void columns(auto&& visit) {
    using Row = SpanRow;
    visit("clip", &Row::clip, "Absolute path or URI of the clip");
    visit("span", &Row::span, "Number of the span in its clip, from 0");
    visit("first_k", &Row::first_k,
          "Sampling index of the span's first frame; its samples start here or later");
    visit("end_k", &Row::end_k,
          "Sampling index after the span's last frame; -1 for the end of the clip");
    visit("samples", &Row::samples, "Number of samples cut from the span");
    visit("packets_read", &Row::packets_read, "Number of video packets read");
    visit("packets_decoded", &Row::packets_decoded, "Number of video packets decoded");
    visit("planned", &Row::planned,
          "True if only the packets needed were decoded; false if all packets had to be");
  }
};

/// A stretch of a clip that was skipped, because nothing moved (--fps auto).
struct SkippedRow {
  static constexpr std::string_view kTable = "skipped";
  static constexpr std::string_view kRow =
      "each stretch of a clip that --fps auto skipped, because nothing moved";
  static constexpr bool kMayLack = true;
  std::string clip;
  int64_t first_k = 0, end_k = 0;
  double start_s = 0, end_s = 0;
  bool decoded = false;

  static void columns(auto&& visit) {
    using Row = SkippedRow;
    visit("clip", &Row::clip, "Absolute path or URI of the clip");
    visit("first_k", &Row::first_k, "Sampling index of the first frame skipped");
    visit("end_k", &Row::end_k, "Sampling index after the last frame skipped");
    visit("start_s", &Row::start_s,
          "Start of the stretch (first_k), seconds after the clip's first frame");
    visit("end_s", &Row::end_s, "End of the stretch (end_k), seconds after the clip's first frame");
    visit("decoded", &Row::decoded,
          "True if motion vectors and decoded frames showed no motion; false if packet sizes and "
          "the frames around the stretch did");
  }
};

/// A stretch of a clip that is left out, because the clip is broken there.
struct GapRow {
  static constexpr std::string_view kTable = "gaps";
  static constexpr std::string_view kRow =
      "each stretch of a clip that is left out, because the clip is broken there";
  static constexpr bool kMayLack = true;
  std::string clip;
  int64_t first_k = 0, end_k = 0;
  double start_s = 0, end_s = 0;
  std::string reason;

  static void columns(auto&& visit) {
    using Row = GapRow;
    visit("clip", &Row::clip, "Absolute path or URI of the clip");
    visit("first_k", &Row::first_k, "Sampling index of the first frame left out");
    visit("end_k", &Row::end_k,
          "Sampling index after the last frame left out: the first one of the next random access "
          "point that decodes cleanly; -1 for the end of the clip");
    visit("start_s", &Row::start_s,
          "Start of the stretch (first_k), seconds after the clip's first frame");
    visit("end_s", &Row::end_s,
          "End of the stretch (end_k), seconds after the clip's first frame; for the end of the "
          "clip, the duration in the container's header");
    visit("reason", &Row::reason, "Error that ended the reading before the stretch");
  }
};

/// One clip of which nothing is used.
struct RejectedRow {
  static constexpr std::string_view kTable = "rejected";
  static constexpr std::string_view kRow = "each clip of which nothing is used";
  std::string clip;
  std::string reason;
  double time_s = 0;
  int64_t samples_kept = 0;
  std::string kind;

  /// Whether the next ingest reads the clip again.
  bool is_retried() const { return kind != "content" && samples_kept == 0; }

  static void columns(auto&& visit) {
    using Row = RejectedRow;
    visit("clip", &Row::clip, "Absolute path or URI of the clip");
    visit("reason", &Row::reason, "Error that ended the reading");
    visit("time_s", &Row::time_s,
          "Start of the part that could not be read, seconds after the clip's first frame");
    visit("samples_kept", &Row::samples_kept,
          "Always 0; in tables of earlier versions, the number of samples from before the error");
    visit("kind", &Row::kind,
          "Kind of cause: content for the clip's bytes, so that the clip is not read again; "
          "outside for access, storage, memory or a killed process, so that the next ingest tries "
          "again",
          AddedColumn{});
  }
};

}  // namespace lido::dataset
