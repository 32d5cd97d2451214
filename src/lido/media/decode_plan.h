// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lido/base/rational.h"
#include "lido/media/bitstream.h"
#include "lido/media/frame.h"

namespace lido::media {

/// The sampling times for which one picture is the answer: first <= k < end.
struct SampleRange {
  int64_t first = 0;
  int64_t end = 0;
  bool empty() const { return first >= end; }
};

/// Tells which picture stands at each sampling time: the last with PTS <= the time.
class FrameSelector {
 public:
  /// @param first_k,end_k  The times asked for.
  /// @param max_gap        Ticks. Where two pictures are further apart the clip is cut, and no
  /// picture
  ///                       stands at the times between.
  FrameSelector(SampleGrid grid, int64_t first_k, int64_t end_k, int64_t max_gap)
      : grid_(grid), first_k_(first_k), end_k_(end_k), max_gap_(max_gap) {}

  /// The times for which the picture at `pts` stands, when the next picture shown is at `next_pts`.
  SampleRange times_of(int64_t pts, int64_t next_pts) const;
  /// The same for the last picture of a clip that ends at `last_pts`, inclusive.
  SampleRange times_of_last(int64_t pts, int64_t last_pts) const;
  bool is_cut(int64_t pts, int64_t next_pts) const { return next_pts - pts > max_gap_; }
  /// No picture at `pts` or later is asked for.
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

/// A packet as the planner sees it.
struct PlannedPacket {
  int64_t pts = 0;
  bool shown = true;  ///< False outside the edit list: decoded, never displayed.
  PacketFacts facts;
  bool wanted = false;  ///< Filled by plan_group.
  bool decode = true;   ///< Filled by plan_group.
};

/// A picture that stands for at least one of the sampling times asked for.
struct WantedPicture {
  int64_t pts = 0;
  SampleRange times;
  bool after_cut = false;  ///< The clip is cut between the wanted picture before this one and it.
};

/// What plan_group is told about the clip around the group.
struct GroupContext {
  bool after_cut = false;  ///< The clip was cut since the last wanted picture.
  int64_t clip_end =
      kNoPts;  ///< With no next group: the last picture stands up to here, inclusive.
};

/// What plan_group found.
struct GroupPlan {
  /// False when the timestamps or the references do not allow a plan: decode everything instead.
  bool planned = true;
  /// In display order: from this group's first PTS up to the next group's.
  std::vector<WantedPicture> wanted;
  /// The clip is cut after the last wanted picture.
  bool cut_at_end = false;
  /// The next group can be decoded without anything of this one: flush the decoder between them.
  bool next_stands_alone = true;
  /// Pictures to keep back for display order: the most packets that precede one with a lower PTS.
  int reorder_depth = 0;
};

/// Marks the packets of one group of pictures that must be decoded so that every wanted picture
/// comes out exactly as if all had been.
///
/// A group begins with a random access point and ends before the next. Wanted pictures are found
/// among what is shown from this group's first PTS up to the next group's, which includes the next
/// group's leading pictures: they are marked there. Pure. O(N log N) in packets.
///
/// @param group  N >= 1 packets in decoding order, the first a random access point.
/// @param next   The group after it; empty at the end of the clip.
GroupPlan plan_group(std::span<PlannedPacket> group, std::span<PlannedPacket> next,
                     const FrameSelector& selector, const GroupContext& context);

}  // namespace lido::media
