// SPDX-License-Identifier: Apache-2.0
// Private to this room: shows FFmpeg types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "lido/base/result.h"
#include "lido/media/activity.h"
#include "lido/media/decode_plan.h"
#include "lido/media/pass.h"

namespace lido::media {

/// How a planned pass ended.
enum class Outcome {
  kDone,    ///< The wanted frames were delivered, up to a fault of the clip.
  kReplan,  ///< The plan does not fit the clip: start again with FullPass.
};

/// Decodes only the packets that wanted frames depend on. With `linger`, also skips intervals in
/// which nothing moves. Not thread-safe.
class PlannedPass {
 public:
  /// @param pass  Must outlive this object. Its demuxer is_timed().
  explicit PlannedPass(Pass& pass) : pass_(pass) {}

  /// Delivers the wanted frames. After a fault of the clip, FullPass finds the frames that are
  /// good.
  /// @return kUnavailable from storage; kCancelled; the sink's error.
  Result<Outcome> run();

 private:
  Result<Outcome> run_plan();
  /// A group of pictures: a random access point and the packets before the next.
  struct Group {
    std::vector<UniquePacket> packets;
    std::vector<PlannedPacket> plans;
    int64_t bytes = 0;
    bool too_long = false;  ///< Not planned, so that memory stays bounded.
    bool empty() const { return packets.empty(); }
    int64_t first_pts() const { return plans[0].pts; }
  };
  /// Groups 0 to `end` of the queue below are one interval; groups[end] starts the next.
  struct Interval {
    size_t end = 1;
    int64_t first_k = 0;
    int64_t end_k = INT64_MAX;  ///< INT64_MAX in the last interval.
    bool last = false;          ///< The clip ends with this interval.
  };
  /// The first sampled frame of a group.
  struct FirstFrame {
    Frame frame;
    SampleRange times;
    CellMeans cells;
  };

  Result<Group> read_group();
  Result<Outcome> decode_group(const Group& group, const GroupPlan& plan, bool last);
  Result<Outcome> receive_frames();
  Result<Outcome> plan_and_decode(Group& group, Group& next, const FrameSelector& selector);

  // Without `linger`.
  Result<Outcome> run_every_time(Group first, const FrameSelector& selector);
  Result<Outcome> skip_ahead(Group& next, const FrameSelector& selector);
  std::optional<int64_t> skip_target(const Group& next, const FrameSelector& selector) const;

  // With `linger`.
  Result<Outcome> run_where_active(Group first, const FrameSelector& selector);
  Result<Outcome> read_interval(const SampleGrid& grid, Interval& interval);
  Result<Outcome> finish_previous_interval(const FrameSelector& selector);
  Result<Outcome> decode_interval(const Interval& interval, const FrameSelector& selector);
  Result<void> skip_interval(const Interval& interval);
  bool must_decode(const Interval& interval, const FrameSelector& selector);
  bool is_quiet(const Interval& interval, const FrameSelector& selector);
  bool packets_allow_quiet(const Interval& interval, int64_t max_gap) const;
  std::optional<FirstFrame> decode_first_frame(Group& group, Group& next,
                                               const FrameSelector& selector);
  UniqueFrame decode_frame_at(const Group& group, int64_t pts);

  Pass& pass_;
  ReadPacket pending_;                ///< Random access point that starts the next group.
  std::deque<WantedFrame> expected_;  ///< Planned frames that the decoder has not returned yet.
  bool stands_alone_ = true;          ///< The next group needs no frame of earlier groups.
  bool after_cut_ = false;
  bool flushed_ = true;       ///< The decoder holds no frame for reference.
  int64_t decoded_from_ = 0;  ///< PTS of the random access point after the last flush.

  // With `linger`.
  std::deque<Group> groups_;
  std::optional<FirstFrame> first_frame_;  ///< First frame of groups_[0], if decoded already.
  std::optional<FirstFrame> next_frame_;   ///< First frame of the next interval, likewise.
  bool fresh_ = true;                      ///< The previous interval was skipped.
};

}  // namespace lido::media
