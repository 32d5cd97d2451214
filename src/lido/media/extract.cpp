// SPDX-License-Identifier: Apache-2.0
#include "lido/media/extract.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

#include "lido/media/container.h"
#include "lido/media/decode_plan.h"
#include "lido/media/decoder.h"
#include "lido/media/demuxer.h"

namespace lido::media {
namespace {

/// A group of pictures longer than this is not planned but decoded as it comes, so that memory
/// stays bounded whatever a file holds.
constexpr size_t kMostPacketsInGroup = 4096;
constexpr int64_t kMostBytesInGroup = 48 << 20;
/// A larger step of the timestamps is a fault, not a pause in the recording.
constexpr double kLongestPause = 24 * 3600;

/// Delivers pictures to the sink: wraps them and watches for changes of size.
class Delivery {
 public:
  Delivery(Decoder& decoder, const FrameSink& sink, ExtractReport& report,
           const std::optional<int64_t>& linger)
      : decoder_(decoder), sink_(sink), report_(report) {
    if (linger) gate_.emplace(*linger);
  }

  /// Looks for movement in any picture that came out of the decoder.
  void see(const AVFrame& picture) {
    if (!gate_ || moved_ || !watches_) return;
    const auto vectors = block_vectors(picture);
    if (vectors) moved_ = blocks_.push(picture.width, picture.height, *vectors);
  }

  Result<void> deliver(UniqueFrame picture, const SampleRange& times, bool after_cut) {
    const Frame frame = LIDO_TRY(decoder_.to_frame(std::move(picture)));
    if (!gate_) return hand_over(times, after_cut, frame);
    CellMeans cells = cell_means(frame);
    const int64_t chapter = (times.end - 1) / kSegmentSamples;
    if (std::exchange(chapter_, chapter) != chapter) stretch_cells_ = cells;
    const bool always = std::exchange(always_, false);
    // Against the stretch's first picture too: what moves slowly.
    const bool moved = moved_ || (!cells_.means.empty() && (cells_differ(cells_, cells) ||
                                                            cells_differ(stretch_cells_, cells)));
    if (always) stretch_cells_ = cells;
    cells_ = std::move(cells);
    moved_ = false;
    // Who begins to read at a chapter has not seen the vectors before it.
    watches_ = times.end >= chapter * kSegmentSamples + kLingerSamples;
    if (!watches_) blocks_.reset();
    return push(times, after_cut, moved, always, frame);
  }
  /// A picture that stands for a stretch in which nothing moves.
  Result<void> deliver_quiet(const Frame& frame, const SampleRange& times, bool after_cut) {
    return push(times, after_cut, false, true, frame);
  }
  /// What comes next begins a stretch. @param fresh  And does not follow what was delivered last.
  void begin_stretch(bool fresh) {
    always_ = true;
    blocks_.reset();
    if (!fresh) return;
    cells_ = {};
    moved_ = false;
  }

  std::optional<ActivityGate>& gate() { return gate_; }

 private:
  Result<void> push(const SampleRange& times, bool after_cut, bool moved, bool always,
                    const Frame& frame) {
    return gate_->push(times, after_cut, moved, always, frame,
                       [this](const SampleRange& of, bool cut, const Frame& one) {
                         return hand_over(of, cut, one);
                       });
  }

  Result<void> hand_over(const SampleRange& times, bool after_cut, const Frame& frame) {
    const bool resized = width_ != 0 && (frame.width != width_ || frame.height != height_);
    width_ = frame.width;
    height_ = frame.height;
    ++report_.frames_delivered;
    return sink_({times.first, times.end, after_cut || resized, frame});
  }

 private:
  Decoder& decoder_;
  const FrameSink& sink_;
  ExtractReport& report_;
  std::optional<ActivityGate> gate_;
  CellMeans cells_;          ///< Of the picture before.
  CellMeans stretch_cells_;  ///< Of the first picture of the stretch, or of the chapter in it.
  int64_t chapter_ = -1;
  BlockMotionDetector blocks_;
  bool watches_ = false;
  bool moved_ = false;   ///< Since the picture before.
  bool always_ = false;  ///< The next picture begins a stretch.
  int width_ = 0;
  int height_ = 0;
};

struct Group {
  std::vector<UniquePacket> packets;
  std::vector<PlannedPacket> plans;
  int64_t bytes = 0;
  bool too_long = false;
};

/// The first sampled picture of a group.
struct Look {
  Frame frame;
  SampleRange times;
  CellMeans cells;
};

/// One pass over a clip, in one mode. Not thread-safe.
class Pass {
 public:
  Pass(Demuxer& demuxer, Decoder& decoder, const ExtractRequest& request, const FrameSink& sink,
       const std::stop_token& stop, ExtractReport& report)
      : demuxer_(demuxer),
        decoder_(decoder),
        request_(request),
        stop_(stop),
        report_(report),
        delivery_(decoder, sink, report, request.linger),
        tick_s_(demuxer.time_base().value()) {
    report_.start_pts = request.start_pts.value_or(kNoPts);
    if (request.from)
      report_.last_pts = request.from->pts;  // good up to here, should nothing follow
  }

  /// @return False when the plan went wrong and everything must be decoded instead.
  Result<bool> run_planned();
  Result<void> run_everything();
  void finish() {
    if (!delivery_.gate()) return;
    delivery_.gate()->drop();
    report_.skipped = delivery_.gate()->skipped();
  }

 private:
  Result<bool> run_every_time(Group group, const FrameSelector& selector);
  Result<bool> run_where_active(Group group, const FrameSelector& selector);
  Result<bool> read_stretch(std::deque<Group>& groups, size_t& end, const SampleGrid& grid);
  Result<bool> decode_planned(Group& group, Group& next, const FrameSelector& selector);
  std::optional<Look> look_at(Group& group, Group& next, const FrameSelector& selector);
  bool may_be_quiet(const std::deque<Group>& groups, size_t end, int64_t max_gap) const;
  Result<UniquePacket> read_packet();
  Result<UniquePacket> read_first_packet();
  Result<Group> read_group();
  Result<bool> decode_group(const Group& group, const GroupPlan& plan, bool last);
  Result<bool> take_pictures();
  Result<bool> skip_ahead(const Group& next, const FrameSelector& selector);
  Result<void> take_in_order(UniqueFrame picture);
  Result<bool> pause_is_a_fault(int64_t pts, int64_t next_pts);
  void break_here(const Error& error);
  FrameSelector make_selector(int64_t first_shown) const;

  Demuxer& demuxer_;
  Decoder& decoder_;
  const ExtractRequest& request_;
  const std::stop_token& stop_;
  ExtractReport& report_;
  Delivery delivery_;
  double tick_s_;

  // Planned pass.
  UniquePacket pending_;              // random access point that opens the next group
  std::deque<WantedFrame> expected_;  // planned, not out of the decoder yet
  bool stands_alone_ = true;          // the decoder holds nothing that the next group needs
  // Plain pass.
  std::optional<FrameSelector> selector_;
  UniqueFrame held_;
  // Both.
  bool after_cut_ = false;
  int64_t first_pts_ = kNoPts;
  int64_t pictures_out_ = 0;
};

void Pass::break_here(const Error& error) {
  const bool timed = report_.last_pts != kNoPts && report_.start_pts != kNoPts;
  const double time_s =
      timed ? std::max(0.0, static_cast<double>(report_.last_pts - report_.start_pts) * tick_s_)
            : 0;
  if (!report_.broke) report_.broke = Break{time_s, error};
}

FrameSelector Pass::make_selector(int64_t first_shown) const {
  const SampleGrid grid(request_.start_pts.value_or(first_shown), demuxer_.time_base(),
                        request_.fps);
  const bool quick = request_.mode == DecodeMode::kKeyframesOnly;
  const double gap = quick ? kLongestPause : request_.max_gap_s;
  return {grid, request_.first_k, request_.end_k, static_cast<int64_t>(std::ceil(gap / tick_s_))};
}

Result<UniquePacket> Pass::read_packet() {
  if (stop_.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
  if (report_.broke) return nullptr;
  auto packet = demuxer_.next();
  if (!packet) {
    if (packet.error().code != ErrorCode::kCorrupt) return packet;
    break_here(packet.error());
    return nullptr;
  }
  report_.reached_end = *packet == nullptr;
  if (report_.reached_end) return packet;
  ++report_.packets_read;
  const bool short_read = ((*packet)->flags & AV_PKT_FLAG_CORRUPT) != 0 &&
                          !seeks_by_byte(demuxer_.format().iformat->name);
  if (short_read) {
    break_here({ErrorCode::kCorrupt, "the file breaks off in the middle of a picture"});
    return nullptr;
  }
  return packet;
}

/// The random access point to begin with; empty when there is none.
Result<UniquePacket> Pass::read_first_packet() {
  if (request_.from) LIDO_TRY(demuxer_.seek(*request_.from));
  for (;;) {
    UniquePacket packet = LIDO_TRY(read_packet());
    if (packet != nullptr && !demuxer_.facts(*packet).random_access) continue;
    if (packet == nullptr || !request_.from || packet->pts == request_.from->pts) return packet;
    if (packet->pts == AV_NOPTS_VALUE || packet->pts > request_.from->pts) {
      break_here({ErrorCode::kCorrupt, "the file changed since it was planned"});
      return nullptr;
    }
  }
}

Result<Group> Pass::read_group() {
  Group group;
  const bool quick = request_.mode == DecodeMode::kKeyframesOnly;
  UniquePacket packet = std::move(pending_);
  while (packet != nullptr) {
    const PacketFacts facts = demuxer_.facts(*packet);
    if (facts.random_access && !group.packets.empty()) {
      pending_ = std::move(packet);
      break;
    }
    const bool dropped = quick && !facts.random_access;
    if (packet->pts != AV_NOPTS_VALUE) report_.last_pts = std::max(report_.last_pts, packet->pts);
    if (!dropped) {
      group.bytes += packet->size;
      const bool shown = (packet->flags & AV_PKT_FLAG_DISCARD) == 0;
      group.plans.push_back({.pts = packet->pts, .shown = shown, .facts = facts});
      group.packets.push_back(std::move(packet));
      if (group.packets.size() > kMostPacketsInGroup || group.bytes > kMostBytesInGroup) {
        group.too_long = true;
        break;
      }
    }
    packet = LIDO_TRY(read_packet());
  }
  return group;
}

Result<bool> Pass::take_pictures() {
  for (;;) {
    auto picture = decoder_.receive();
    if (!picture) return false;
    if (*picture == nullptr) return true;
    delivery_.see(**picture);
    const int64_t pts = (*picture)->pts;
    if (!expected_.empty() && expected_.front().pts < pts) return false;  // one went missing
    if (expected_.empty() || expected_.front().pts != pts) continue;
    if (is_damaged(**picture)) return false;
    const WantedFrame wanted = expected_.front();
    expected_.pop_front();
    LIDO_TRY(delivery_.deliver(std::move(*picture), wanted.times, wanted.after_cut));
  }
}

Result<bool> Pass::decode_group(const Group& group, const GroupPlan& plan, bool last) {
  decoder_.require_reorder(plan.reorder_depth);
  for (size_t i = 0; i < group.packets.size(); ++i) {
    if (!group.plans[i].decode) continue;
    ++report_.packets_decoded;
    if (stop_.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
    if (!decoder_.send(group.packets[i].get())) return false;
    if (!LIDO_TRY(take_pictures())) return false;
  }
  if (!plan.next_stands_alone && !last) return true;
  (void)decoder_.send(nullptr);
  if (!LIDO_TRY(take_pictures())) return false;
  decoder_.flush();
  return expected_.empty();
}

/// Jumps over groups that hold no wanted picture, where the index proves there is none.
Result<bool> Pass::skip_ahead(const Group& next, const FrameSelector& selector) {
  if (pending_ == nullptr || !demuxer_.has_full_index()) return false;
  const SampleGrid& grid = selector.grid();
  const int64_t k = std::max(grid.first_at_or_after(next.plans[0].pts), selector.first_k());
  const int64_t wanted_pts = grid.pts_at(k);
  auto* stream = const_cast<AVStream*>(&demuxer_.stream());
  // The index holds decoding times, which are not after presentation times: one keyframe earlier is
  // safe.
  int entry = av_index_search_timestamp(stream, wanted_pts, AVSEEK_FLAG_BACKWARD);
  if (entry > 0) {
    const int64_t at = avformat_index_get_entry(stream, entry)->timestamp;
    entry = av_index_search_timestamp(stream, at - 1, AVSEEK_FLAG_BACKWARD);
  }
  const int here = av_index_search_timestamp(stream, pending_->dts, AVSEEK_FLAG_BACKWARD);
  if (entry <= here || here < 0) return false;
  // A pause in the part passed over may be a cut: read it then, as anybody would.
  const int start = av_index_search_timestamp(stream, next.packets[0]->dts, AVSEEK_FLAG_BACKWARD);
  for (int i = std::max(start, 0); i < entry; ++i) {
    const int64_t step = avformat_index_get_entry(stream, i + 1)->timestamp -
                         avformat_index_get_entry(stream, i)->timestamp;
    if (step > selector.max_gap() / 2) return false;
  }
  const int64_t target = avformat_index_get_entry(stream, entry)->timestamp;
  LIDO_TRY(demuxer_.seek({.pts = target, .dts = target}));
  do {
    pending_ = LIDO_TRY(read_packet());
  } while (pending_ != nullptr && !demuxer_.facts(*pending_).random_access);
  return true;
}

Result<bool> Pass::run_planned() {
  pending_ = LIDO_TRY(read_first_packet());
  if (pending_ == nullptr) return report_.broke.has_value() && request_.from.has_value();
  Group group = LIDO_TRY(read_group());
  if (group.too_long || group.plans[0].pts == AV_NOPTS_VALUE) return false;
  first_pts_ = group.plans[0].pts;
  int64_t first_shown = INT64_MAX;
  for (const PlannedPacket& packet : group.plans) {
    const bool counts = packet.shown && packet.pts >= first_pts_;
    if (counts) first_shown = std::min(first_shown, packet.pts);
  }
  if (first_shown == INT64_MAX) return false;
  report_.start_pts = request_.start_pts.value_or(first_shown);
  const FrameSelector selector = make_selector(first_shown);
  return request_.linger ? run_where_active(std::move(group), selector)
                         : run_every_time(std::move(group), selector);
}

/// Plans and decodes one group. @param next  Empty at the end of the clip.
Result<bool> Pass::decode_planned(Group& group, Group& next, const FrameSelector& selector) {
  const int64_t clip_end = request_.mode == DecodeMode::kKeyframesOnly ? report_.last_pts : kNoPts;
  const GroupPlan plan = plan_group(group.plans, next.plans, selector,
                                    {.after_cut = after_cut_, .clip_end = clip_end});
  if (!plan.planned) return false;
  after_cut_ = plan.cut_at_end;
  stands_alone_ = plan.next_stands_alone;
  expected_.insert(expected_.end(), plan.wanted.begin(), plan.wanted.end());
  const bool last = next.packets.empty();
  if (!last && LIDO_TRY(pause_is_a_fault(group.plans[0].pts, next.plans[0].pts))) return false;
  return decode_group(group, plan, last);
}

Result<bool> Pass::run_every_time(Group group, const FrameSelector& selector) {
  while (!group.packets.empty()) {
    Group next = LIDO_TRY(read_group());
    if (next.too_long) return false;
    if (!LIDO_TRY(decode_planned(group, next, selector))) return false;
    const bool last = next.packets.empty();
    if (last || (selector.done(next.plans[0].pts) && expected_.empty())) break;
    if (stands_alone_ && !report_.broke && LIDO_TRY(skip_ahead(next, selector))) {
      const int64_t k =
          std::max(selector.grid().first_at_or_after(next.plans[0].pts), selector.first_k());
      if (pending_ == nullptr || pending_->pts > selector.grid().pts_at(k)) return false;
      next = LIDO_TRY(read_group());
      if (next.too_long) return false;
    }
    group = std::move(next);
  }
  return true;
}

/// Reads on until `groups` holds a stretch: groups[0] up to groups[end], which begins the next, and
/// one more after that; or up to the end of the clip. @return False when a group is too long.
Result<bool> Pass::read_stretch(std::deque<Group>& groups, size_t& end, const SampleGrid& grid) {
  int64_t bytes = 0;
  for (end = 1;; ++end) {
    while (groups.size() < end + 2 && (groups.size() == 1 || !groups.back().packets.empty())) {
      groups.push_back(LIDO_TRY(read_group()));
      if (groups.back().too_long) return false;
    }
    if (groups[end].packets.empty() || groups[end + 1].packets.empty()) return true;
    const int64_t first = grid.first_at_or_after(groups[end].plans[0].pts);
    const int64_t after = grid.first_at_or_after(groups[end + 1].plans[0].pts);
    if ((first + kIntervalSamples - 1) / kIntervalSamples * kIntervalSamples < after) return true;
    bytes += groups[end].bytes;
    if (bytes > kMostBytesInGroup) return true;
  }
}

/// Whether the packets of a stretch, and its timestamps, allow that nothing moves in it.
bool Pass::may_be_quiet(const std::deque<Group>& groups, size_t end, int64_t max_gap) const {
  std::vector<PacketSize> sizes;
  std::vector<int64_t> shown;
  int64_t bytes = 0;
  for (size_t g = 0; g < end; ++g) {
    bytes += groups[g].bytes;
    for (size_t i = 0; i < groups[g].packets.size(); ++i) {
      const PlannedPacket& packet = groups[g].plans[i];
      const PacketFacts& facts = packet.facts;
      if (packet.pts == kNoPts || facts.unplannable) return false;
      const int kind =
          facts.random_access ? -1 : 2 * facts.temporal_id + (facts.referenced ? 1 : 0);
      sizes.push_back({static_cast<int>(g), packet.pts - groups[g].plans[0].pts, kind,
                       groups[g].packets[i]->size});
      if (packet.shown) shown.push_back(packet.pts);
    }
  }
  if (bytes > kMostBytesInGroup) return false;
  shown.push_back(groups[end].plans[0].pts);
  std::ranges::sort(shown);
  for (size_t i = 1; i < shown.size(); ++i) {
    if (shown[i] - shown[i - 1] > max_gap) return false;
  }
  return !sizes_suggest_motion(sizes, static_cast<int64_t>(0.5 / tick_s_));
}

/// Decodes the first sampled picture of a group, and no more. @return Empty where that cannot be
/// done without the groups around it.
std::optional<Look> Pass::look_at(Group& group, Group& next, const FrameSelector& selector) {
  const int64_t k = selector.grid().first_at_or_after(group.plans[0].pts);
  const FrameSelector only(selector.grid(), k, k + 1, selector.max_gap());
  for (PlannedPacket& packet : group.plans) packet.wanted = false;
  const GroupPlan plan = plan_group(group.plans, next.plans, only, {});
  bool leads = false;  // the picture is shown before the next group, and comes after its first
  for (PlannedPacket& packet : next.plans) leads = leads || std::exchange(packet.wanted, false);
  if (!plan.planned || plan.wanted.size() != 1 || leads) return std::nullopt;
  decoder_.flush();
  decoder_.require_reorder(plan.reorder_depth);
  UniqueFrame found;
  bool good = true;
  const auto take = [&] {
    for (;;) {
      auto picture = decoder_.receive();
      good = good && picture.has_value();
      if (!picture || *picture == nullptr) return;
      if ((*picture)->pts == plan.wanted[0].pts) found = std::move(*picture);
    }
  };
  for (size_t i = 0; i < group.packets.size() && good; ++i) {
    if (!group.plans[i].decode) continue;
    ++report_.packets_decoded;
    good = decoder_.send(group.packets[i].get()).has_value();
    take();
  }
  if (good) (void)decoder_.send(nullptr);
  take();
  decoder_.flush();
  for (PlannedPacket& packet : group.plans) packet.wanted = false;
  if (!good || found == nullptr || is_damaged(*found)) return std::nullopt;
  auto frame = decoder_.to_frame(std::move(found));
  if (!frame) return std::nullopt;
  return Look{*frame, plan.wanted[0].times, cell_means(*frame)};
}

Result<bool> Pass::run_where_active(Group first, const FrameSelector& selector) {
  const FrameSelector nothing(selector.grid(), INT64_MAX - 1, INT64_MAX, selector.max_gap());
  ActivityGate& gate = *delivery_.gate();
  std::deque<Group> groups;
  groups.push_back(std::move(first));
  std::optional<Look> look;  // at groups[0]
  bool fresh = true;
  for (;;) {
    size_t end = 1;
    if (!LIDO_TRY(read_stretch(groups, end, selector.grid()))) return false;
    const bool last = groups[end].packets.empty();
    const int64_t k = selector.grid().first_at_or_after(groups[0].plans[0].pts);
    const int64_t end_k =
        last ? INT64_MAX : selector.grid().first_at_or_after(groups[end].plans[0].pts);
    const auto must_decode = [&] {
      return last || k < selector.first_k() || gate.is_open(k) ||
             (end_k - 1) / kSegmentSamples > k / kSegmentSamples;
    };
    if (!must_decode() && !stands_alone_) {
      // Pictures of the stretch before that come after this one's first packet.
      const bool after_cut = after_cut_;
      if (!LIDO_TRY(decode_planned(groups[0], groups[1], nothing)) || !stands_alone_) return false;
      after_cut_ = after_cut;
      for (PlannedPacket& packet : groups[0].plans) packet.wanted = false;
    }
    bool quiet = !must_decode() && !groups[end + 1].packets.empty() &&
                 may_be_quiet(groups, end, selector.max_gap());
    std::optional<Look> look_after;
    if (quiet) {
      if (!look) look = look_at(groups[0], groups[1], selector);
      if (look) look_after = look_at(groups[end], groups[end + 1], selector);
      quiet = look && look_after && !cells_differ(look->cells, look_after->cells);
    }
    if (quiet) {
      LIDO_TRY(delivery_.deliver_quiet(look->frame, look->times, after_cut_));
      after_cut_ = false;
      gate.skip(look->times.end, std::min(end_k, request_.end_k));
      fresh = true;
    } else {
      delivery_.begin_stretch(fresh);
      fresh = false;
      for (size_t g = 0; g < end; ++g) {
        if (!LIDO_TRY(decode_planned(groups[g], groups[g + 1], selector))) return false;
      }
    }
    if (last || (selector.done(groups[end].plans[0].pts) && expected_.empty())) return true;
    look = std::move(look_after);
    groups.erase(groups.begin(), groups.begin() + static_cast<ptrdiff_t>(end));
  }
}

Result<bool> Pass::pause_is_a_fault(int64_t pts, int64_t next_pts) {
  return static_cast<double>(next_pts - pts) * tick_s_ > kLongestPause;
}

/// One decoded picture of the plain pass: it settles for which times the one before it stands.
Result<void> Pass::take_in_order(UniqueFrame picture) {
  if (!demuxer_.is_timed()) {
    // An elementary stream: pictures follow each other at the stream's rate.
    const AVRational rate = demuxer_.stream().r_frame_rate;
    const AVRational interval =
        rate.num > 0 && rate.den > 0 ? AVRational{rate.den, rate.num} : AVRational{1, 25};
    picture->pts = av_rescale_q(pictures_out_++, interval, demuxer_.stream().time_base);
  } else if (picture->pts == AV_NOPTS_VALUE) {
    picture->pts = picture->best_effort_timestamp;
  }
  if (picture->pts == AV_NOPTS_VALUE) {
    break_here({ErrorCode::kCorrupt, "a picture without a timestamp"});
    return {};
  }
  const int64_t pts = picture->pts;
  if (first_pts_ != kNoPts && pts < first_pts_) return {};  // leading pictures of where we started
  if (is_damaged(*picture)) {
    if (selector_) break_here({ErrorCode::kCorrupt, "the decoder met damaged pictures"});
    return {};  // Before the first whole picture there is nothing to lose.
  }
  if (!selector_) {
    selector_ = make_selector(pts);
    report_.start_pts = selector_->grid().start_pts();
  }
  if (held_ != nullptr) {
    const bool backwards = pts < held_->pts;
    if (backwards || LIDO_TRY(pause_is_a_fault(held_->pts, pts))) {
      const double from_s = static_cast<double>(held_->pts - report_.start_pts) * tick_s_;
      const double to_s = static_cast<double>(pts - report_.start_pts) * tick_s_;
      break_here({ErrorCode::kCorrupt,
                  fmt::format("timestamps jump from {:.3f} s to {:.3f} s", from_s, to_s)});
      return {};
    }
    const SampleRange times = selector_->times_of(held_->pts, pts);
    const bool cut = selector_->is_cut(held_->pts, pts);
    if (!times.empty()) {
      LIDO_TRY(delivery_.deliver(std::move(held_), times, after_cut_));
      after_cut_ = false;
    }
    after_cut_ = after_cut_ || cut;
  }
  report_.last_pts = pts;
  delivery_.see(*picture);
  held_ = std::move(picture);
  return {};
}

Result<void> Pass::run_everything() {
  if (request_.mode == DecodeMode::kKeyframesOnly) decoder_.skip_all_but_keyframes();
  // From the beginning, the decoder is left to find where it can start: some cameras mark no random
  // access points at all.
  UniquePacket packet = LIDO_TRY(request_.from ? read_first_packet() : read_packet());
  if (request_.from) first_pts_ = request_.from->pts;
  bool draining = false;
  while (!draining && !report_.broke && !(selector_ && held_ && selector_->done(held_->pts))) {
    draining = packet == nullptr;
    if (!draining) ++report_.packets_decoded;
    const bool started = selector_.has_value();
    if (const auto sent = decoder_.send(packet.get()); !sent && started) {
      break_here(sent.error());
      break;
    }
    while (!report_.broke) {
      auto picture = decoder_.receive();
      if (!picture && started) break_here(picture.error());
      if (!picture || *picture == nullptr) break;
      LIDO_TRY(take_in_order(std::move(*picture)));
    }
    if (draining) break;
    const bool was_whole = !report_.broke;
    packet = LIDO_TRY(read_packet());
    if (report_.broke && was_whole) {
      // The file ended early; the pictures still held by the decoder are good.
      (void)decoder_.send(nullptr);
      for (auto picture = decoder_.receive(); picture && *picture; picture = decoder_.receive()) {
        if (is_damaged(**picture)) break;
        LIDO_TRY(take_in_order(std::move(*picture)));
      }
    }
  }
  if (selector_ && held_) {
    const SampleRange times = selector_->times_of_last(held_->pts, held_->pts);
    if (!times.empty()) LIDO_TRY(delivery_.deliver(std::move(held_), times, after_cut_));
  }
  if (!selector_ && !report_.broke) {
    break_here({ErrorCode::kCorrupt, "not one picture could be decoded"});
  }
  return {};
}

}  // namespace

Result<ExtractReport> extract(storage::Reader& reader, const ExtractRequest& request,
                              const FrameSink& sink, const std::function<void()>& restart,
                              const std::stop_token& stop) {
  if (request.first_k < 0 || request.end_k <= request.first_k) {
    return fail(ErrorCode::kInvalidArgument, "samples {} to {}, want a range that is not empty",
                request.first_k, request.end_k);
  }
  if (request.linger && request.mode != DecodeMode::kPlanned) {
    return fail(ErrorCode::kInvalidArgument,
                "the rate is automatic, want a fixed one to decode everything or only keyframes");
  }
  bool planned = request.mode != DecodeMode::kEverything;
  for (;; planned = false) {
    ExtractReport report;
    report.planned = planned;
    auto demuxer = Demuxer::open(reader);
    if (!demuxer && demuxer.error().code != ErrorCode::kCorrupt)
      return std::unexpected(demuxer.error());
    auto decoder = demuxer ? Decoder::open((*demuxer)->stream(), request.linger.has_value())
                           : Result<std::unique_ptr<Decoder>>(std::unexpected(demuxer.error()));
    if (!decoder) {
      report.broke = Break{0, decoder.error()};
      return report;
    }
    if (planned && !(*demuxer)->is_timed()) continue;
    Pass pass(**demuxer, **decoder, request, sink, stop, report);
    if (!planned) {
      LIDO_TRY(pass.run_everything());
    } else if (!LIDO_TRY(pass.run_planned())) {
      restart();
      continue;
    }
    pass.finish();
    if (!report.broke && report.reached_end) {
      const auto whole = check_not_cut_off(reader, (*demuxer)->format().iformat->name);
      if (!whole && whole.error().code != ErrorCode::kCorrupt)
        return std::unexpected(whole.error());
      if (!whole) {
        const double tick_s = (*demuxer)->time_base().value();
        report.broke =
            Break{static_cast<double>(report.last_pts - report.start_pts) * tick_s, whole.error()};
      }
    }
    return report;
  }
}

}  // namespace lido::media
