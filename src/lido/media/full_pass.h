// SPDX-License-Identifier: Apache-2.0
// Private to this room: shows FFmpeg types.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "lido/base/result.h"
#include "lido/media/pass.h"

namespace lido::media {

/// Decodes every packet of a clip and selects the wanted frames: the plain definition, and the
/// oracle for tests of PlannedPass. Not thread-safe.
class FullPass {
 public:
  /// @param pass  Must outlive this object.
  explicit FullPass(Pass& pass) : pass_(pass) {}

  /// Delivers the wanted frames. A fault of the clip goes into the report.
  /// @return kUnavailable from storage; kCancelled; the sink's error.
  Result<void> run();

 private:
  Result<void> decode(const ReadPacket& next);
  Result<void> drain_after_fault();
  void drop_suspects(std::vector<UniqueFrame>& frames);
  Result<void> push(UniqueFrame decoded);
  Result<void> push_untimed(int64_t next_pts = kNoPts);
  Result<void> push_checked(UniqueFrame decoded);
  Result<void> push_timed(UniqueFrame decoded);
  Result<void> deliver_last();
  void set_pts(AVFrame& decoded);
  int64_t usual_step() const;
  bool misses_frame(int64_t pts, int64_t next_pts) const;
  bool is_done() const;
  bool may_fail(int64_t pts) const;

  Pass& pass_;
  std::optional<FrameSelector> selector_;  ///< Set at the first good frame.
  UniqueFrame held_;                       ///< The previous frame; the next one bounds its times.
  bool after_cut_ = false;
  int64_t first_pts_ = kNoPts;
  int64_t random_access_pts_ = kNoPts;  ///< PTS of the first random access point decoded.
  int64_t frames_out_ = 0;
  int64_t before_held_ = kNoPts;      ///< PTS of the frame before `held_`.
  int64_t sent_pts_ = kNoPts;         ///< PTS of the last frame before the latest packet was sent.
  std::deque<int64_t> steps_;         ///< Ticks between the latest frames.
  std::vector<UniqueFrame> untimed_;  ///< Frames that wait for a timestamp, in display order.
  int64_t last_timed_ = kNoPts;       ///< PTS of the frame before them.
  bool some_have_pts_ = false;        ///< A packet had a PTS.
};

}  // namespace lido::media
