// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lido/base/result.h"
#include "lido/media/probe.h"
#include "lido/storage/reader.h"

namespace lido::media {

/// A random access point, and the frame before it.
struct AccessPoint {
  RandomAccess at;
  int64_t previous_pts = kNoPts;  ///< PTS of the frame shown just before; kNoPts for none.
};

/// The random access points of a stretch of a clip.
struct AccessPoints {
  /// PTS of the first frame shown from the first random access point on, ticks; kNoPts for none.
  int64_t start_pts = kNoPts;
  std::vector<AccessPoint> points;  ///< Ascending; empty in a stream without timestamps.
};

/// Lists every random access point from `from` on, up to the first one after `end_pts`. Reads on
/// after faults of the file, so the points behind a fault are found too. Decodes nothing.
///
/// Points whose PTS is not above that of the point before, or a day above it, are left out: the
/// clock of the recording jumped. So are points that a seek does not find again, as in program
/// streams whose pictures begin inside packets.
///
/// @param from     Where reading starts; empty for the beginning of the clip.
/// @param end_pts  Ticks; INT64_MAX for the end of the clip.
/// @return kCorrupt when the header cannot be read or the start cannot be found; kUnavailable from
///         storage.
Result<AccessPoints> list_access_points(storage::Reader& reader,
                                        const std::optional<RandomAccess>& from, int64_t end_pts);

}  // namespace lido::media
