// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lido/base/rational.h"
#include "lido/base/result.h"
#include "lido/media/frame.h"
#include "lido/storage/reader.h"

namespace lido::media {

/// A packet at which decoding may start.
struct RandomAccess {
  int64_t pts = kNoPts;   ///< Ticks of the clip's time base.
  int64_t dts = kNoPts;   ///< Ticks of the clip's time base.
  int64_t position = -1;  ///< Byte in the file; -1 when the container does not give one.
  bool operator==(const RandomAccess&) const = default;
};

/// Properties of a clip, from its header.
struct ClipInfo {
  std::string container;  ///< First of FFmpeg's names: "mov", "matroska", "mpegts".
  std::string codec;      ///< "h264", "hevc", "vp9", "av1", "mjpeg".
  int width = 0;          ///< Pixels as stored, before rotation; 0 when the header gives none.
  int height = 0;         ///< Pixels as stored, before rotation; 0 when the header gives none.
  Rational time_base;     ///< Seconds per tick of a PTS.
  double duration_s = 0;  ///< Estimated from the file size when the header gives none.
  double source_fps = 0;  ///< Average frames per second; 0 when unknown.
  /// Video tracks of the file that are not read: "#0 mjpeg 160x90"; empty when there is none.
  std::string other_video;
};

/// Reads the header of a clip. Decodes nothing.
/// @return kCorrupt when the file is not a readable video; kUnavailable from storage.
Result<ClipInfo> probe(storage::Reader& reader);

/// The places at which a clip may be divided.
struct ClipIndex {
  int64_t start_pts = kNoPts;  ///< PTS of the first frame shown; kNoPts in an untimed stream.
  /// N >= 1, ascending: the first random access point, and the last one before each multiple of
  /// the interval asked for.
  std::vector<RandomAccess> points;
};

/// Finds where a long clip may be divided: from the container's index where there is one, otherwise
/// by reading all packets. Decodes nothing.
///
/// Every point is checked against the bitstream: frames decoded from it equal those decoded from
/// the start of the clip.
///
/// @param interval_s  Seconds between points, counted from the first frame shown; > 0.
/// @return An index of one point when the clip cannot be divided (for example without timestamps).
///         kCorrupt when decoding cannot start anywhere; kUnavailable from storage.
Result<ClipIndex> index_clip(storage::Reader& reader, double interval_s);

}  // namespace lido::media
