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

/// A place where decoding may start.
struct RandomAccess {
  int64_t pts = kNoPts;
  int64_t dts = kNoPts;
  int64_t position = -1;  ///< Byte in the file; -1 where the container does not tell.
  bool operator==(const RandomAccess&) const = default;
};

/// What the header of a clip says.
struct ClipInfo {
  std::string container;  ///< FFmpeg's first name of it: "mov", "matroska", "mpegts".
  std::string codec;      ///< "h264", "hevc", "vp9", "av1", "mjpeg".
  int width = 0;          ///< As stored, before rotation; 0 when the header does not tell.
  int height = 0;
  Rational time_base;
  double duration_s = 0;  ///< Estimated from the size where the header does not tell.
  double source_fps = 0;  ///< Average; 0 when not known.
};

/// Reads the header of a clip, decoding nothing.
/// @return kCorrupt when it is no video that can be read; kUnavailable from storage.
Result<ClipInfo> probe(storage::Reader& reader);

/// A clip's first random access point, and the last one before each multiple of some seconds.
struct ClipIndex {
  int64_t start_pts = kNoPts;  ///< Of the first picture shown.
  std::vector<RandomAccess> points;
};

/// Finds where a long clip may be divided: from the container's index where there is one, else by
/// reading through it (no decoding).
///
/// Each point is checked against the bitstream, so that what is decoded from it equals what is
/// decoded from the start of the clip.
///
/// @param apart_s  The seconds after the first picture shown, of which multiples are taken.
/// @return An index of one point when the clip cannot be divided (no timestamps, say).
Result<ClipIndex> index_clip(storage::Reader& reader, double apart_s);

}  // namespace lido::media
