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

// The tables of a generation about clips; sample_tables.h has the manifest. The help texts in
// columns() document the fields: unit, range, and when a value is empty.

/// One label of one clip.
struct LabelRow {
  static constexpr std::string_view kTable = "labels";
  static constexpr std::string_view kRow = "each label of the clips, with or without samples";
  static constexpr bool kMayLack = true;
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
  int32_t width = 0;
  int32_t height = 0;
  int64_t time_base_num = 1;
  int64_t time_base_den = 1;
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
  int64_t first_k = 0;
  int64_t end_k = 0;
  int64_t samples = 0;
  int64_t packets_read = 0;
  int64_t packets_decoded = 0;
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
