// SPDX-License-Identifier: Apache-2.0
// Private to this room: shows FFmpeg types.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <stop_token>
#include <vector>

#include "lido/base/result.h"
#include "lido/media/decode_plan.h"
#include "lido/media/decoder.h"
#include "lido/media/demuxer.h"
#include "lido/media/extract.h"
#include "lido/media/frame_delivery.h"
#include "lido/media/last_picture.h"
#include "lido/media/loss.h"

namespace lido::media {

/// A packet of the video stream, and what its headers show.
struct ReadPacket {
  UniquePacket packet;  ///< Null at the end of the clip, and after a fault.
  PacketFacts facts;

  explicit operator bool() const { return packet != nullptr; }
  const AVPacket* operator->() const { return packet.get(); }
};

/// Finds the time up to which every frame's packet was read, although packets are not in display
/// order. Not thread-safe.
class KnownFrames {
 public:
  /// Adds the next packet; kNoPts for a time that it does not have.
  void push(int64_t pts, int64_t dts);
  /// Returns the PTS up to which no frame of a later packet is shown; kNoPts before the first
  /// packet.
  /// @param depth  Minimum number of packets that may precede one with a lower PTS.
  int64_t known_to(int depth) const;

 private:
  std::vector<int64_t> largest_;  // PTS, descending; a few more than packets are reordered
  int depth_ = 0;                 // packets that preceded one with a lower PTS, at most
  int64_t last_dts_ = kNoPts;
  bool jumped_ = false;  // the clock jumped back; later packets are ignored
};

/// One pass over a clip: its inputs, its report, and the steps that PlannedPass and FullPass share.
/// Not thread-safe.
struct Pass {
  Pass(Demuxer& demuxer, Decoder& decoder, const ExtractRequest& request, const FrameSink& sink,
       const std::stop_token& stop, ExtractReport& report);

  /// Reads the next packet. A packet that is damaged, or shows that others were lost, is a fault.
  /// @return kCancelled after a stop request; kUnavailable from storage.
  Result<ReadPacket> read_packet();
  /// Reads the random access point to start with.
  Result<ReadPacket> read_first_packet();
  /// Continues at another random access point.
  /// @return As Demuxer::seek().
  Result<void> seek(const RandomAccess& point);
  /// Records a fault at the last PTS seen. Only the first fault of a pass counts.
  void break_here(const Error& error);
  /// Moves the fault to the last PTS seen: further frames turned out to be good.
  void move_break_here();
  /// Notes that the packet read last could not be decoded. The frame of the packet before may be
  /// wrong too; only the frames so far are known to be good.
  /// @param pts  The packet's PTS; kNoPts when there is none.
  void suspect_from_packet(int64_t pts);
  /// Notes that a frame is damaged: those decoded since its packet may be predicted from it, also
  /// frames that are shown before it.
  void suspect_from_frame(int64_t pts);
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
  KnownFrames known;
  double tick_s;  ///< Seconds per tick.
  LossDetector loss;
  /// After a fault: PTS from which on frames may be wrong, of those in packets read before it.
  int64_t suspect_pts = INT64_MAX;
  /// At the end of a stream without times that is cut off: number of frames, the last in display
  /// order, that may be wrong. Empty where nothing is known to be cut off.
  std::optional<size_t> suspect_frames;
  /// In a stream without times: PTS of the last frame that the decoder gave before it got the
  /// packet before the present one. No later packet changes that frame, or is shown before it.
  int64_t settled_pts = kNoPts;

 private:
  Result<ReadPacket> take_packet();
  Result<ReadPacket> read_ahead();
  Result<std::optional<Loss>> find_loss(const ReadPacket& next);
  Result<bool> is_beside_hole(const ReadPacket& next);
  Result<bool> shows_hole(const ReadPacket& next);
  bool skips_time(const ReadPacket& next) const;
  Result<bool> follows_missing_bytes(const ReadPacket& next);
  Result<void> fill_ahead(size_t count);
  Result<std::vector<int64_t>> times_ahead(size_t count);
  Result<void> check_whole_end();
  Result<void> check_end();
  bool ends_early() const;
  Result<void> check_untimed_end();
  void remember(const ReadPacket& next);
  void forget_latest();
  Result<bool> is_end_of_recording(const AVPacket& packet);
  double seconds_of_last() const;
  void suspect_recent(size_t count);
  void suspect(int64_t pts);
  int64_t good_pts() const;

  /// A packet that was read before.
  struct Recent {
    int64_t pts;
    int64_t known_pts;  ///< PTS up to which all frames were known before it.
    int64_t position;   ///< First byte in the file; -1 where that is unknown.
    int size;           ///< Bytes.
    bool ends_in_zeros;
  };

  bool has_start_ = false;            ///< A random access point was read.
  bool is_before_start_ = false;      ///< Faults of the packets until `request.from` do not count.
  std::deque<ReadPacket> ahead_;      ///< Read from the demuxer already.
  std::optional<Error> ahead_error_;  ///< The fault behind `ahead_`.
  std::deque<Recent> recent_;         ///< The packets before, the latest last.
  PictureNumberReader numbers_;
  NumberedPictures numbered_;  ///< In a stream without times.
  /// Packets since the random access point before the last, where a cut may be hidden.
  std::vector<UniquePacket> latest_;
  size_t latest_group_ = 0;          ///< Position of the last random access point in `latest_`.
  int64_t latest_bytes_ = 0;         ///< Size of `latest_`.
  int64_t known_limit_ = INT64_MAX;  ///< PTS up to which all frames were known before a fault.
};

}  // namespace lido::media
