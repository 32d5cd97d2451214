// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "lido/base/rational.h"
#include "lido/base/result.h"
#include "lido/storage/reader.h"

namespace lido::media {

/// The times of all frames of a clip.
struct FrameTimes {
  /// PTS of each frame shown, ascending, N >= 1: element n is frame n of annotation tools. Ends at
  /// a fault of the file.
  std::vector<int64_t> pts;
  Rational time_base;  ///< Seconds per tick of a PTS.
};

/// Reads the time of every frame that is shown. Reads the whole file. Decodes it where packets do
/// not show the frames: with fields, without timestamps, without a random access point at the
/// start, and in all codecs but H.264, HEVC, MJPEG, VP9 and AV1.
/// @return kCorrupt when no frame can be read; kUnavailable and kCancelled from storage.
Result<FrameTimes> frame_times(storage::Reader& reader);

}  // namespace lido::media
