// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lido/base/rational.h"
#include "lido/media/bitstream.h"
#include "lido/media/frame.h"

namespace lido::media {

/// The sampling times for which one frame is the answer: first <= k < end.
struct SampleRange {
  int64_t first = 0;
  int64_t end = 0;
  bool empty() const { return first >= end; }
};

/// Selects the frame for each sampling time: the last with PTS <= the time on the grid. Immutable,
/// so thread-safe.
class FrameSelector {
 public:
  /// @param first_k,end_k  Sampling times asked for: first_k <= k < end_k.
  /// @param max_gap        Ticks. Two frames further apart are a cut of the clip: the sampling
  ///                       times between them have no frame.
  FrameSelector(SampleGrid grid, int64_t first_k, int64_t end_k, int64_t max_gap)
      : grid_(grid), first_k_(first_k), end_k_(end_k), max_gap_(max_gap) {}

  /// Returns the times of the frame at `pts`, which is followed by a frame at `next_pts`.
  SampleRange times_of(int64_t pts, int64_t next_pts) const;
  /// Returns the times of the last frame of a clip, at `pts`. The clip ends at `last_pts`,
  /// inclusive.
  SampleRange times_of_last(int64_t pts, int64_t last_pts) const;
  /// Returns whether the clip is cut between two consecutive frames.
  bool is_cut(int64_t pts, int64_t next_pts) const { return next_pts - pts > max_gap_; }
  /// Returns whether no frame at `pts` or later is asked for.
  bool done(int64_t pts) const { return grid_.compare(pts, end_k_ - 1) > 0; }
  int64_t max_gap() const { return max_gap_; }
  const SampleGrid& grid() const { return grid_; }
  int64_t first_k() const { return first_k_; }

 private:
  SampleRange asked_for(int64_t first, int64_t end) const;

  SampleGrid grid_;
  int64_t first_k_;
  int64_t end_k_;
  int64_t max_gap_;
};

/// A packet, as the planner sees it.
struct PlannedPacket {
  int64_t pts = 0;    ///< Ticks.
  bool shown = true;  ///< False outside the edit list: decoded, but never displayed.
  PacketFacts facts;
  bool wanted = false;  ///< Set by plan_group(): its frame is a wanted one.
  bool decode = true;   ///< Set by plan_group(): it must be decoded.
};

/// A frame that is the answer for at least one of the sampling times asked for.
struct WantedFrame {
  int64_t pts = 0;  ///< Ticks.
  SampleRange times;
  bool after_cut = false;  ///< The clip is cut between the previous wanted frame and this one.
};

/// State of the clip around a group of pictures.
struct GroupContext {
  /// The clip was cut since the last wanted frame.
  bool after_cut = false;
  /// Without a next group: PTS up to which the last frame of the clip is the answer, inclusive.
  int64_t clip_end = kNoPts;
};

/// Which packets of a group are decoded, and which frames come out.
struct GroupPlan {
  /// False when the timestamps or references allow no plan: decode everything instead.
  bool planned = true;
  /// Ascending, from this group's first PTS up to the next group's.
  std::vector<WantedFrame> wanted;
  /// The clip is cut after the last wanted frame.
  bool cut_at_end = false;
  /// The next group needs no frame of this one: the decoder can be flushed between them.
  bool next_stands_alone = true;
  /// Frames that the decoder holds back for display order: the maximum number of packets that
  /// precede one with a lower PTS.
  int reorder_depth = 0;
};

/// Marks the packets of one group of pictures that must be decoded, so that every wanted frame
/// equals that of a full decode.
///
/// A group starts with a random access point and ends before the next. Wanted frames are those
/// shown from this group's first PTS up to the next group's. Leading pictures of the next group
/// are among them, and are marked there. Pure. O(N log N) in packets.
///
/// @param group  N >= 1 packets in decoding order, the first a random access point.
/// @param next   The group after it; empty at the end of the clip.
GroupPlan plan_group(std::span<PlannedPacket> group, std::span<PlannedPacket> next,
                     const FrameSelector& selector, const GroupContext& context);

}  // namespace lido::media
