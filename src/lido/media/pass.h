// SPDX-License-Identifier: Apache-2.0
// Private to this room: shows FFmpeg types.
#pragma once

#include <cstdint>
#include <stop_token>

#include "lido/base/result.h"
#include "lido/media/decode_plan.h"
#include "lido/media/decoder.h"
#include "lido/media/demuxer.h"
#include "lido/media/extract.h"
#include "lido/media/frame_delivery.h"

namespace lido::media {

/// One pass over a clip: its inputs, its report, and the steps that PlannedPass and FullPass share.
/// Not thread-safe.
struct Pass {
  Pass(Demuxer& demuxer, Decoder& decoder, const ExtractRequest& request, const FrameSink& sink,
       const std::stop_token& stop, ExtractReport& report);

  /// Reads the next packet; null at the end of the clip and after a fault.
  /// @return kCancelled after a stop request; kUnavailable from storage.
  Result<UniquePacket> read_packet();
  /// Reads the random access point to start with; null when there is none.
  Result<UniquePacket> read_first_packet();
  /// Records a fault at the last PTS seen. Only the first fault of a pass counts.
  void break_here(const Error& error);
  /// @param first_shown  PTS of the first frame shown; sample 0 where the request gives none.
  FrameSelector make_selector(int64_t first_shown) const;
  /// Returns whether the step between two consecutive timestamps is a fault of the file, not a
  /// pause in the recording.
  bool is_timestamp_fault(int64_t pts, int64_t next_pts) const;

  Demuxer& demuxer;
  Decoder& decoder;
  const ExtractRequest& request;
  const std::stop_token& stop;
  ExtractReport& report;
  FrameDelivery delivery;
  double tick_s;  ///< Seconds per tick.
};

}  // namespace lido::media
