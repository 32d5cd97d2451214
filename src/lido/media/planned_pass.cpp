// SPDX-License-Identifier: Apache-2.0
#include "lido/media/planned_pass.h"

#include <algorithm>
#include <utility>

namespace lido::media {
namespace {

// Longer groups are not planned, so that memory stays bounded whatever a file contains.
constexpr size_t kMaxPacketsInGroup = 4096;
constexpr int64_t kMaxBytesInGroup = 48 << 20;

}  // namespace

Result<Outcome> PlannedPass::run() {
  const Outcome outcome = LIDO_TRY(run_plan());
  return pass_.report.broke ? Outcome::kReplan : outcome;
}

Result<Outcome> PlannedPass::run_plan() {
  pending_ = LIDO_TRY(pass_.read_first_packet());
  // A full pass may find another start.
  if (!pending_) return Outcome::kReplan;
  Group group = LIDO_TRY(read_group());
  if (group.too_long || group.first_pts() == kNoPts) return Outcome::kReplan;
  int64_t first_shown = INT64_MAX;
  for (const PlannedPacket& packet : group.plans) {
    const bool counts = packet.shown && packet.pts >= group.first_pts();
    if (counts) first_shown = std::min(first_shown, packet.pts);
  }
  if (first_shown == INT64_MAX) return Outcome::kReplan;
  pass_.report.start_pts = pass_.request.start_pts.value_or(first_shown);
  const FrameSelector selector = pass_.make_selector(first_shown);
  return pass_.request.linger ? run_where_active(std::move(group), selector)
                              : run_every_time(std::move(group), selector);
}

/// Reads the next group; empty at the end of the clip.
Result<PlannedPass::Group> PlannedPass::read_group() {
  Group group;
  const bool keyframes = pass_.request.mode == DecodeMode::kKeyframesOnly;
  int64_t& last_pts = pass_.report.last_pts;
  ReadPacket packet = std::exchange(pending_, {});
  while (packet) {
    const PacketFacts& facts = packet.facts;
    if (facts.random_access && !group.empty()) {
      pending_ = std::move(packet);
      break;
    }
    const bool dropped = keyframes && !facts.random_access;
    if (packet->pts != AV_NOPTS_VALUE) last_pts = std::max(last_pts, packet->pts);
    if (!dropped) {
      group.bytes += packet->size;
      const bool shown = (packet->flags & AV_PKT_FLAG_DISCARD) == 0;
      group.plans.push_back({.pts = packet->pts, .shown = shown, .facts = facts});
      group.packets.push_back(std::move(packet.packet));
      if (group.packets.size() > kMaxPacketsInGroup || group.bytes > kMaxBytesInGroup) {
        group.too_long = true;
        break;
      }
    }
    packet = LIDO_TRY(pass_.read_packet());
  }
  return group;
}

/// Takes frames from the decoder, and delivers those that are expected.
Result<Outcome> PlannedPass::receive_frames() {
  for (;;) {
    auto decoded = pass_.decoder.receive();
    if (!decoded) return Outcome::kReplan;
    if (*decoded == nullptr) return Outcome::kDone;
    pass_.delivery.watch(**decoded);
    const int64_t pts = (*decoded)->pts;
    // Later frames may be predicted from this one. Leading frames lack their references.
    if (pts >= decoded_from_ && is_damaged(**decoded)) return Outcome::kReplan;
    const bool one_is_missing = !expected_.empty() && expected_.front().pts < pts;
    if (one_is_missing) return Outcome::kReplan;
    if (expected_.empty() || expected_.front().pts != pts) continue;
    const WantedFrame wanted = expected_.front();
    expected_.pop_front();
    LIDO_TRY(pass_.delivery.deliver(std::move(*decoded), wanted.times, wanted.after_cut));
  }
}

Result<Outcome> PlannedPass::decode_group(const Group& group, const GroupPlan& plan, bool last) {
  if (std::exchange(flushed_, false)) decoded_from_ = group.first_pts();
  pass_.decoder.require_reorder(plan.reorder_depth);
  for (size_t i = 0; i < group.packets.size(); ++i) {
    if (!group.plans[i].decode) continue;
    ++pass_.report.packets_decoded;
    if (pass_.stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
    if (!pass_.decoder.send(group.packets[i].get())) return Outcome::kReplan;
    if (LIDO_TRY(receive_frames()) == Outcome::kReplan) return Outcome::kReplan;
  }
  if (!plan.next_stands_alone && !last) return Outcome::kDone;
  (void)pass_.decoder.send(nullptr);
  if (LIDO_TRY(receive_frames()) == Outcome::kReplan) return Outcome::kReplan;
  pass_.decoder.flush();
  flushed_ = true;
  return expected_.empty() ? Outcome::kDone : Outcome::kReplan;
}

/// Plans and decodes one group. @param next  Empty at the end of the clip.
Result<Outcome> PlannedPass::plan_and_decode(Group& group, Group& next,
                                             const FrameSelector& selector) {
  const bool keyframes = pass_.request.mode == DecodeMode::kKeyframesOnly;
  const int64_t clip_end = keyframes ? pass_.report.last_pts : kNoPts;
  const GroupPlan plan = plan_group(group.plans, next.plans, selector,
                                    {.after_cut = after_cut_, .clip_end = clip_end});
  if (!plan.planned) return Outcome::kReplan;
  after_cut_ = plan.cut_at_end;
  stands_alone_ = plan.next_stands_alone;
  expected_.insert(expected_.end(), plan.wanted.begin(), plan.wanted.end());
  const bool last = next.empty();
  if (!last && pass_.is_timestamp_fault(group.first_pts(), next.first_pts()))
    return Outcome::kReplan;
  return decode_group(group, plan, last);
}

Result<Outcome> PlannedPass::run_every_time(Group group, const FrameSelector& selector) {
  while (!group.empty()) {
    Group next = LIDO_TRY(read_group());
    if (next.too_long) return Outcome::kReplan;
    if (LIDO_TRY(plan_and_decode(group, next, selector)) == Outcome::kReplan)
      return Outcome::kReplan;
    if (next.empty() || (selector.done(next.first_pts()) && expected_.empty())) break;
    if (stands_alone_ && !pass_.report.broke &&
        LIDO_TRY(skip_ahead(next, selector)) == Outcome::kReplan)
      return Outcome::kReplan;
    group = std::move(next);
  }
  return Outcome::kDone;
}

/// Finds the timestamp to seek to so that groups without a wanted frame are not read. Empty where
/// the container's index does not prove that there are such groups.
std::optional<int64_t> PlannedPass::skip_target(const Group& next,
                                                const FrameSelector& selector) const {
  if (!pending_ || !pass_.demuxer.has_full_index()) return std::nullopt;
  const SampleGrid& grid = selector.grid();
  const int64_t k = std::max(grid.first_at_or_after(next.first_pts()), selector.first_k());
  const int64_t wanted_pts = grid.pts_at(k);
  auto* stream = const_cast<AVStream*>(&pass_.demuxer.stream());
  const auto search = [stream](int64_t timestamp) {
    return av_index_search_timestamp(stream, timestamp, AVSEEK_FLAG_BACKWARD);
  };
  const auto timestamp_at = [stream](int entry) {
    return avformat_index_get_entry(stream, entry)->timestamp;
  };
  // The index holds decoding times, which never follow presentation times. One keyframe earlier is
  // therefore safe.
  int target = search(wanted_pts);
  if (target > 0) target = search(timestamp_at(target) - 1);
  const int pending = search(pending_->dts);
  if (target <= pending || pending < 0) return std::nullopt;
  // A pause among the skipped packets may be a cut of the clip, so it must be read.
  for (int i = std::max(search(next.packets[0]->dts), 0); i < target; ++i) {
    if (timestamp_at(i + 1) - timestamp_at(i) > selector.max_gap() / 2) return std::nullopt;
  }
  return timestamp_at(target);
}

/// Replaces `next` by the first later group with a wanted frame, where the index shows a way.
Result<Outcome> PlannedPass::skip_ahead(Group& next, const FrameSelector& selector) {
  const std::optional<int64_t> target = skip_target(next, selector);
  if (!target) return Outcome::kDone;
  LIDO_TRY(pass_.seek({.pts = *target, .dts = *target}));
  do {
    pending_ = LIDO_TRY(pass_.read_packet());
  } while (pending_ && !pending_.facts.random_access);
  const SampleGrid& grid = selector.grid();
  const int64_t k = std::max(grid.first_at_or_after(next.first_pts()), selector.first_k());
  if (!pending_ || pending_->pts > grid.pts_at(k)) return Outcome::kReplan;
  next = LIDO_TRY(read_group());
  return next.too_long ? Outcome::kReplan : Outcome::kDone;
}

Result<Outcome> PlannedPass::run_where_active(Group first, const FrameSelector& selector) {
  groups_.push_back(std::move(first));
  for (;;) {
    Interval interval;
    if (LIDO_TRY(read_interval(selector.grid(), interval)) == Outcome::kReplan)
      return Outcome::kReplan;
    if (!must_decode(interval, selector) && !stands_alone_ &&
        LIDO_TRY(finish_previous_interval(selector)) == Outcome::kReplan)
      return Outcome::kReplan;
    // Frames of the previous interval may have opened the gate.
    next_frame_.reset();
    const bool quiet = !must_decode(interval, selector) && is_quiet(interval, selector);
    if (quiet) {
      LIDO_TRY(skip_interval(interval));
    } else if (LIDO_TRY(decode_interval(interval, selector)) == Outcome::kReplan) {
      return Outcome::kReplan;
    }
    const size_t end = interval.end;
    if (interval.last || (selector.done(groups_[end].first_pts()) && expected_.empty()))
      return Outcome::kDone;
    first_frame_ = std::exchange(next_frame_, std::nullopt);
    groups_.erase(groups_.begin(), groups_.begin() + static_cast<ptrdiff_t>(end));
  }
}

/// Reads groups until groups_ holds an interval and two more groups, or the rest of the clip.
Result<Outcome> PlannedPass::read_interval(const SampleGrid& grid, Interval& interval) {
  int64_t bytes = 0;
  size_t& end = interval.end;
  for (end = 1;; ++end) {
    while (groups_.size() < end + 2 && (groups_.size() == 1 || !groups_.back().empty())) {
      groups_.push_back(LIDO_TRY(read_group()));
      if (groups_.back().too_long) return Outcome::kReplan;
    }
    if (groups_[end].empty() || groups_[end + 1].empty()) break;
    const int64_t first = grid.first_at_or_after(groups_[end].first_pts());
    const int64_t after = grid.first_at_or_after(groups_[end + 1].first_pts());
    const int64_t next_multiple =
        (first + kIntervalSamples - 1) / kIntervalSamples * kIntervalSamples;
    if (next_multiple < after) break;
    bytes += groups_[end].bytes;
    if (bytes > kMaxBytesInGroup) break;
  }
  interval.last = groups_[end].empty();
  interval.first_k = grid.first_at_or_after(groups_[0].first_pts());
  if (!interval.last) interval.end_k = grid.first_at_or_after(groups_[end].first_pts());
  return Outcome::kDone;
}

/// Returns whether an interval must be decoded, whatever it shows.
bool PlannedPass::must_decode(const Interval& interval, const FrameSelector& selector) {
  const bool starts_segment =
      (interval.end_k - 1) / kSegmentSamples > interval.first_k / kSegmentSamples;
  return interval.last || interval.first_k < selector.first_k() ||
         pass_.delivery.gate()->is_open(interval.first_k) || starts_segment;
}

/// Decodes the frames of the previous interval whose packets follow this interval's first.
Result<Outcome> PlannedPass::finish_previous_interval(const FrameSelector& selector) {
  const FrameSelector none(selector.grid(), INT64_MAX - 1, INT64_MAX, selector.max_gap());
  const bool after_cut = after_cut_;
  const Outcome outcome = LIDO_TRY(plan_and_decode(groups_[0], groups_[1], none));
  if (outcome == Outcome::kReplan || !stands_alone_) return Outcome::kReplan;
  after_cut_ = after_cut;
  for (PlannedPacket& packet : groups_[0].plans) packet.wanted = false;
  return Outcome::kDone;
}

Result<Outcome> PlannedPass::decode_interval(const Interval& interval,
                                             const FrameSelector& selector) {
  pass_.delivery.begin_interval(std::exchange(fresh_, false));
  for (size_t g = 0; g < interval.end; ++g) {
    if (LIDO_TRY(plan_and_decode(groups_[g], groups_[g + 1], selector)) == Outcome::kReplan)
      return Outcome::kReplan;
  }
  return Outcome::kDone;
}

/// Delivers the first frame of an interval, and no other.
Result<void> PlannedPass::skip_interval(const Interval& interval) {
  LIDO_TRY(pass_.delivery.deliver_skipped_interval(first_frame_->frame, first_frame_->times,
                                                   std::exchange(after_cut_, false)));
  pass_.delivery.gate()->skip(first_frame_->times.end,
                              std::min(interval.end_k, pass_.request.end_k));
  fresh_ = true;
  return {};
}

/// Returns whether nothing moves in an interval, by its packets and by the frames at both ends.
bool PlannedPass::is_quiet(const Interval& interval, const FrameSelector& selector) {
  const size_t end = interval.end;
  if (groups_[end + 1].empty() || !packets_allow_quiet(interval, selector.max_gap())) return false;
  if (!first_frame_) first_frame_ = decode_first_frame(groups_[0], groups_[1], selector);
  if (!first_frame_) return false;
  next_frame_ = decode_first_frame(groups_[end], groups_[end + 1], selector);
  return next_frame_ && !cells_differ(first_frame_->cells, next_frame_->cells);
}

/// Returns whether packet sizes and timestamps are those of an interval in which nothing moves.
bool PlannedPass::packets_allow_quiet(const Interval& interval, int64_t max_gap) const {
  std::vector<PacketSize> sizes;
  std::vector<int64_t> shown;
  int64_t bytes = 0;
  for (size_t g = 0; g < interval.end; ++g) {
    const Group& group = groups_[g];
    bytes += group.bytes;
    for (size_t i = 0; i < group.packets.size(); ++i) {
      const PlannedPacket& packet = group.plans[i];
      const PacketFacts& facts = packet.facts;
      if (packet.pts == kNoPts || facts.unplannable) return false;
      const int layer = 2 * facts.temporal_id + (facts.referenced ? 1 : 0);
      sizes.push_back({.gop = static_cast<int>(g),
                       .gop_ticks = packet.pts - group.first_pts(),
                       .kind = facts.random_access ? PacketSize::kKey : layer,
                       .bytes = group.packets[i]->size});
      if (packet.shown) shown.push_back(packet.pts);
    }
  }
  if (bytes > kMaxBytesInGroup) return false;
  shown.push_back(groups_[interval.end].first_pts());
  std::ranges::sort(shown);
  for (size_t i = 1; i < shown.size(); ++i) {
    if (shown[i] - shown[i - 1] > max_gap) return false;
  }
  return !sizes_suggest_motion(sizes, static_cast<int64_t>(0.5 / pass_.tick_s));
}

/// Decodes the first sampled frame of a group, and no other. Empty where that is impossible without
/// the groups around it.
std::optional<PlannedPass::FirstFrame> PlannedPass::decode_first_frame(
    Group& group, Group& next, const FrameSelector& selector) {
  const int64_t k = selector.grid().first_at_or_after(group.first_pts());
  const FrameSelector only(selector.grid(), k, k + 1, selector.max_gap());
  for (PlannedPacket& packet : group.plans) packet.wanted = false;
  const GroupPlan plan = plan_group(group.plans, next.plans, only, {});
  bool is_leading = false;  // the frame is a leading one of the next group
  for (PlannedPacket& packet : next.plans)
    is_leading = std::exchange(packet.wanted, false) || is_leading;
  if (!plan.planned || plan.wanted.size() != 1 || is_leading) return std::nullopt;
  pass_.decoder.flush();
  pass_.decoder.require_reorder(plan.reorder_depth);
  UniqueFrame decoded = decode_frame_at(group, plan.wanted[0].pts);
  pass_.decoder.flush();
  for (PlannedPacket& packet : group.plans) packet.wanted = false;
  if (decoded == nullptr || is_damaged(*decoded)) return std::nullopt;
  auto frame = pass_.decoder.to_frame(std::move(decoded));
  if (!frame) return std::nullopt;
  CellMeans cells = cell_means(*frame);
  return FirstFrame{*std::move(frame), plan.wanted[0].times, std::move(cells)};
}

/// Decodes the marked packets of a group. Returns the frame at `pts`; null after any error.
UniqueFrame PlannedPass::decode_frame_at(const Group& group, int64_t pts) {
  UniqueFrame found;
  bool good = true;
  const auto receive = [&] {
    for (;;) {
      auto decoded = pass_.decoder.receive();
      good = good && decoded.has_value();
      if (!decoded || *decoded == nullptr) return;
      if ((*decoded)->pts == pts) found = std::move(*decoded);
    }
  };
  for (size_t i = 0; i < group.packets.size() && good; ++i) {
    if (!group.plans[i].decode) continue;
    ++pass_.report.packets_decoded;
    good = pass_.decoder.send(group.packets[i].get()).has_value();
    receive();
  }
  if (good) (void)pass_.decoder.send(nullptr);
  receive();
  return good ? std::move(found) : nullptr;
}

}  // namespace lido::media
