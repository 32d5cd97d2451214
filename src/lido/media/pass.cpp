// SPDX-License-Identifier: Apache-2.0
#include "lido/media/pass.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <ranges>
#include <span>
#include <utility>
#include <vector>

#include "lido/media/container.h"

namespace lido::media {
namespace {

/// A larger step between timestamps is a fault, not a pause in the recording.
constexpr double kMaxPause_s = 24 * 3600;
/// More packets than any sign of a loss comes late: a page of Ogg holds 255.
constexpr size_t kMaxRecent = 512;
/// Packets before the end among which some may be missing.
constexpr size_t kMaxAtEnd = 64;
/// FFmpeg marks a damaged packet up to this many packets early: its parser lags behind.
constexpr size_t kMarkedEarly = 2;
/// Packets before an unreadable stretch that may lack a part: a reader logs an error when it is
/// past the frame that the stretch begins in.
constexpr int kMaybeCut = 2;
/// No codec reorders more packets than this.
constexpr int kMaxReorder = 16;

/// More packets are not kept to decode the last one again, so that memory stays bounded.
constexpr size_t kMaxLatest = 8192;
constexpr int64_t kMaxLatest_bytes = 96 << 20;

constexpr const char* kNotWhole = "the stream is cut off: its last picture is not whole";
constexpr const char* kMissingBeforeLast =
    "the stream is cut off: pictures before its last are missing";

constexpr const char* kZeros = "zeros stand in place of a part of a packet";
constexpr const char* kUnreadable = "a stretch of the file cannot be read";

/// Over a longer pause, no frame is held by default. Seconds.
constexpr double kMaxHeld_s = 2;

/// Pictures that follow a missing one come at most this long after it. Seconds.
constexpr double kMaxMissing_s = 1;

int64_t decoding_time(const AVPacket& packet) {
  return packet.dts != AV_NOPTS_VALUE ? packet.dts : packet.pts;
}

/// Returns the middle step between ascending times; 0 where there are too few.
int64_t usual_step(std::span<const int64_t> times) {
  constexpr size_t kMinShown = 8;
  if (times.size() < kMinShown) return 0;
  std::vector<int64_t> steps;
  for (size_t i = 1; i < times.size(); ++i) steps.push_back(ticks_between(times[i - 1], times[i]));
  return median_step(std::move(steps));
}

/// Returns whether frames are missing between the last of those shown and the next. A longer step
/// than `max_step` is a pause.
/// @param shown  PTS of the last frames, in any order.
/// @param header_step  The header's interval between frames, for a few frames.
bool misses_frames(std::vector<int64_t> shown, int64_t next_pts, double header_step,
                   double max_step) {
  if (next_pts == AV_NOPTS_VALUE) return false;
  std::ranges::sort(shown);
  auto interval = static_cast<double>(usual_step(shown));
  if (interval <= 0) interval = header_step;
  if (interval <= 0) return false;
  const auto step = static_cast<double>(ticks_between(shown.back(), next_pts));
  return step > 1.5 * interval && step <= max_step;
}

/// Returns whether the marker of the end (FF D9) follows the last scan of a JPEG image. Coded data
/// holds no marker; padding may follow.
bool ends_jpeg(const AVPacket& packet) {
  for (int i = packet.size - 1; i > 0; --i) {
    if (packet.data[i - 1] != 0xff) continue;
    if (packet.data[i] == 0xd9) return true;
    if (packet.data[i] == 0xda) return false;
  }
  return false;
}

}  // namespace

void KnownFrames::push(int64_t pts, int64_t dts) {
  // After a jump back, the times of packets have no relation to the frames so far.
  const bool is_full = largest_.size() > kMaxReorder;
  jumped_ = jumped_ || (pts != kNoPts && is_full && pts < largest_.back());
  if (jumped_) return;
  if (dts != kNoPts) last_dts_ = dts;
  if (pts == kNoPts) return;
  const auto place = std::ranges::lower_bound(largest_, pts, std::ranges::greater());
  depth_ = std::max(depth_, static_cast<int>(place - largest_.begin()));
  largest_.insert(place, pts);
  if (largest_.size() > kMaxReorder + 1) largest_.pop_back();
}

int64_t KnownFrames::known_to(int depth) const {
  if (largest_.empty()) return kNoPts;
  // A later packet with a lower PTS is preceded by at most `depth` packets with a higher one.
  const auto reordered = static_cast<size_t>(std::clamp(std::max(depth, depth_), 0, kMaxReorder));
  if (reordered >= largest_.size()) return kNoPts;  // too few packets
  const int64_t by_order = largest_[reordered];
  // A packet is never shown before it is decoded.
  return last_dts_ == kNoPts ? by_order : std::min(by_order, last_dts_);
}

Pass::Pass(Demuxer& from, Decoder& with, const ExtractRequest& wanted, const FrameSink& sink,
           const std::stop_token& stopped, ExtractReport& result)
    : demuxer(from),
      decoder(with),
      request(wanted),
      stop(stopped),
      report(result),
      delivery(with, sink, result, wanted.linger),
      tick_s(from.time_base().value()),
      loss(from.stream(), from.times_every_packet(), from.times_pages()),
      numbers_(from.stream()) {
  report.start_pts = request.start_pts.value_or(kNoPts);
  // The clip is good up to its start, even when nothing follows.
  if (request.from) report.last_pts = request.from->pts;
}

Result<ReadPacket> Pass::take_packet() {
  if (!ahead_.empty()) {
    ReadPacket next = std::move(ahead_.front());
    ahead_.pop_front();
    return next;
  }
  if (ahead_error_) return std::unexpected(*std::exchange(ahead_error_, std::nullopt));
  return read_ahead();
}

/// Reads the packet behind those that were read already.
Result<ReadPacket> Pass::read_ahead() {
  ReadPacket next{LIDO_TRY(demuxer.next()), {}};
  if (!next) return next;
  const bool may_start = is_before_start_ && next->pts == request.from->pts;
  if (may_start) demuxer.forget();
  next.facts = demuxer.facts(*next.packet);
  if (may_start && next.facts.random_access) is_before_start_ = false;
  return next;
}

/// Reads the next packets: `count`, or those up to the end or a fault.
Result<void> Pass::fill_ahead(size_t count) {
  while (ahead_.size() < count && !ahead_error_) {
    auto next = read_ahead();
    if (!next && next.error().code != ErrorCode::kCorrupt) return std::unexpected(next.error());
    if (!next) ahead_error_ = next.error();
    if (!next || !*next) break;
    ahead_.push_back(std::move(*next));
  }
  return {};
}

/// Returns the timestamps of the next packets: `count`, or those up to the end or a fault.
Result<std::vector<int64_t>> Pass::times_ahead(size_t count) {
  LIDO_TRY(fill_ahead(count));
  std::vector<int64_t> times;
  for (const ReadPacket& one : ahead_) {
    const int64_t time = decoding_time(*one.packet);
    if (time == kNoPts || times.size() == count) break;
    times.push_back(time);
  }
  return times;
}

/// Returns whether a packet is shown long after all before it.
bool Pass::skips_time(const ReadPacket& next) const {
  std::vector<int64_t> shown;
  for (const Recent& one : recent_ | std::views::reverse | std::views::take(kMaxAtEnd)) {
    if (one.pts != kNoPts) shown.push_back(one.pts);
  }
  if (shown.empty() || next->pts == kNoPts) return false;
  std::ranges::sort(shown);
  return skips_frame(ticks_between(shown.back(), next->pts), usual_step(shown));
}

/// Returns whether bytes are missing before a packet of ASF or of a program stream, or before a
/// random access point of Matroska, behind a long step in time. FFmpeg finds the next packet or
/// cluster without a word.
Result<bool> Pass::follows_missing_bytes(const ReadPacket& next) {
  if (recent_.empty()) return false;
  const Recent& last = recent_.back();
  if (!demuxer.is_aligned(last.position, next->pos)) return true;
  const bool is_matroska = times_blocks(demuxer.format().iformat->name);
  if (is_matroska && (!next.facts.random_access || recent_.size() < 2)) return false;
  if (!skips_time(next)) return false;
  if (!is_matroska) return !LIDO_TRY(demuxer.packets_follow(last.position, next->pos));
  const Recent& before = recent_[recent_.size() - 2];
  if (before.position < 0 ||
      LIDO_TRY(demuxer.elements_follow(last.position + last.size, next->pos)))
    return false;
  // A packet that was stored in another form than FFmpeg gives it has another size.
  return demuxer.elements_follow(before.position + before.size, last.position);
}

/// Returns whether frames are missing by the timestamps around a packet at which FFmpeg's reader
/// met errors, or before which bytes are missing. Other streams of the file may be all that was
/// damaged.
Result<bool> Pass::is_beside_hole(const ReadPacket& next) {
  if (!loss.started() || !demuxer.times_every_packet()) return false;
  if (!next.facts.after_errors && !LIDO_TRY(follows_missing_bytes(next))) return false;
  return shows_hole(next);
}

/// Returns whether frames are missing around a packet by the presentation times.
Result<bool> Pass::shows_hole(const ReadPacket& next) {
  LIDO_TRY(fill_ahead(2 * kMaxReorder));
  // Near both ends, packets are not in display order: frames between them lie outside.
  std::vector<int64_t> times;
  int64_t first = next->pts, last = next->pts;
  const auto add = [&](int64_t pts, bool is_near) {
    if (pts == kNoPts) return;
    times.push_back(pts);
    if (!is_near) return;
    first = first == kNoPts ? pts : std::min(first, pts);
    last = std::max(last, pts);
  };
  add(next->pts, true);
  int count = 0;
  for (const Recent& one : recent_ | std::views::reverse | std::views::take(2 * kMaxReorder))
    add(one.pts, count++ < kMaxReorder);
  count = 0;
  for (const ReadPacket& one : ahead_ | std::views::take(2 * kMaxReorder))
    add(one->pts, count++ < kMaxReorder);
  std::erase_if(times, [&](int64_t pts) { return pts < first || pts > last; });
  return has_hole(std::move(times));
}

/// Looks for signs of a loss before a packet.
Result<std::optional<Loss>> Pass::find_loss(const ReadPacket& next) {
  const AVPacket& packet = *next.packet;
  const auto beginning = [this](size_t count) -> Result<std::vector<int64_t>> {
    std::vector<int64_t> times;
    for (const UniquePacket& one : LIDO_TRY(demuxer.first_packets(count)))
      times.push_back(decoding_time(*one));
    if (std::ranges::find(times, kNoPts) != times.end()) times.clear();
    return times;
  };
  const bool is_first = !std::exchange(has_start_, has_start_ || next.facts.random_access);
  if (is_first && has_start_ && demuxer.lost_start_pts() != kNoPts) {
    report.start_pts = request.start_pts.value_or(demuxer.lost_start_pts());
    return Loss{"the beginning of the file cannot be read"};
  }
  auto lost = LIDO_TRY(loss.push(
      packet, next.facts, [this](size_t count) { return times_ahead(count); }, beginning));
  if (lost && lost->by_dts &&
      (!LIDO_TRY(shows_hole(next)) || LIDO_TRY(demuxer.begins_recording(*next.packet))))
    lost.reset();
  if (!lost && next.facts.zeros.in_data && loss.started()) {
    // Those that end the packet before are part of the same stretch.
    lost = Loss{kZeros, !recent_.empty() && recent_.back().ends_in_zeros ? 1 : 0};
  }
  const bool marked = loss.started() && (packet.flags & AV_PKT_FLAG_CORRUPT) != 0;
  if (marked && !LIDO_TRY(is_end_of_recording(packet))) {
    const bool lossy = seeks_by_byte(demuxer.format().iformat->name);
    lost = Loss{lossy ? "packets are missing or damaged"
                      : "the file is cut off in the middle of a frame"};
  }
  const bool has_time = packet.pts != AV_NOPTS_VALUE || packet.dts != AV_NOPTS_VALUE;
  if (!lost && !has_time && times_blocks(demuxer.format().iformat->name))
    lost = Loss{"packets have no timestamps, or negative ones"};
  if (!lost && LIDO_TRY(is_beside_hole(next))) lost = Loss{kUnreadable, kMaybeCut};
  if (demuxer.stream().codecpar->codec_id == AV_CODEC_ID_MJPEG && !ends_jpeg(packet)) {
    // Some cameras never write the marker of the end.
    const auto first = LIDO_TRY(demuxer.first_packets(1));
    if (!first.empty() && ends_jpeg(*first[0])) lost = Loss{"a JPEG image is cut off"};
  }
  return lost;
}

/// Looks, behind the last packet, for signs that the file is cut off or that more packets are
/// missing. The frames that may be wrong are suspect even where the file's own size shows the cut.
Result<void> Pass::check_whole_end() {
  const auto complete = demuxer.check_complete();
  const auto ended = check_end();
  return complete ? ended : complete;
}

/// Returns whether the clip lasts longer by its header, or the header has no duration.
bool Pass::ends_early() const {
  const double declared_s = demuxer.declared_s();
  if (declared_s <= 0) return true;
  std::vector<int64_t> shown;
  for (const Recent& one : recent_) {
    if (one.pts != kNoPts) shown.push_back(one.pts);
  }
  std::ranges::sort(shown);
  if (shown.empty() || report.start_pts == kNoPts) return true;
  const auto end = static_cast<double>(ticks_between(report.start_pts, shown.back()));
  const auto step = static_cast<double>(usual_step(shown));
  return (end + 2.5 * step) * tick_s < declared_s;
}

/// Looks for signs that packets are missing behind the last one.
Result<void> Pass::check_end() {
  if (recent_.empty()) return {};
  if (demuxer.met_errors() && ends_early()) {
    suspect_recent(kMaybeCut);
    return fail(ErrorCode::kCorrupt, "{}", kUnreadable);
  }
  const mpeg2::PictureCounter& counted = demuxer.counted_pictures();
  if (counted.pictures_due() > 0) {
    // The last reference picture is shown behind those that are missing.
    const auto since = std::min(static_cast<size_t>(counted.since_reference()), recent_.size());
    const int64_t pts = recent_[recent_.size() - std::max(since, size_t{1})].pts;
    suspect(pts);
    if (pts == kNoPts || !demuxer.is_timed()) suspect_frames = 1;
    return fail(ErrorCode::kCorrupt, "{}", kMissingBeforeLast);
  }
  if (declares_size(demuxer.format().iformat->name)) return {};
  if (!demuxer.is_timed()) return check_untimed_end();
  if (LIDO_TRY(demuxer.may_end_inside_packet()) && !is_last_whole(demuxer.stream(), latest_)) {
    suspect(recent_.back().pts);
    return fail(ErrorCode::kCorrupt, kNotWhole);
  }
  std::vector<int64_t> shown;
  const size_t first = recent_.size() - std::min(recent_.size(), kMaxAtEnd);
  for (size_t i = first; i < recent_.size(); ++i) {
    if (recent_[i].pts != kNoPts) shown.push_back(recent_[i].pts);
  }
  std::ranges::sort(shown);
  if (demuxer.end_pts() != kNoPts && !shown.empty() && shown.back() + 1 < demuxer.end_pts()) {
    suspect_recent(static_cast<size_t>(loss.packets_on_page()));
    return fail(ErrorCode::kCorrupt, "packets of the last page are missing");
  }
  const int64_t usual = usual_step(shown);
  const int64_t known_pts = known.known_to(decoder.reorder_depth());
  if (usual == 0 || known_pts == kNoPts) return {};
  for (size_t i = 1; i < shown.size(); ++i) {
    const int64_t step = ticks_between(shown[i - 1], shown[i]);
    const bool misses = shown[i] > known_pts && skips_frame(step, usual) &&
                        static_cast<double>(step) * tick_s <= kMaxMissing_s;
    if (!misses) continue;
    suspect(shown[i]);
    return fail(ErrorCode::kCorrupt, kMissingBeforeLast);
  }
  return {};
}

/// Does the same for a stream without times, where only the pictures' own numbers show their order.
Result<void> Pass::check_untimed_end() {
  const size_t after_missing = numbered_.after_missing(decoder.reorder_depth());
  const bool is_whole = !demuxer.hides_cuts() || is_last_whole(demuxer.stream(), latest_);
  if (after_missing == 0 && is_whole) return {};
  suspect_frames = std::max(after_missing, is_whole ? 0 : numbered_.from_last());
  return fail(ErrorCode::kCorrupt, "{}", after_missing > 0 ? kMissingBeforeLast : kNotWhole);
}

/// Keeps what the checks of the clip's end need of a packet.
void Pass::remember(const ReadPacket& next) {
  if (!demuxer.is_timed()) {
    const auto number = numbers_.read(*next.packet);
    if (number) numbered_.push(*number, next.facts.resets && *number <= 0);
  }
  if (!demuxer.hides_cuts()) return;
  if (next.facts.random_access) {
    const auto before = latest_.begin() + static_cast<ptrdiff_t>(latest_group_);
    for (auto one = latest_.begin(); one != before; ++one) latest_bytes_ -= (*one)->size;
    latest_.erase(latest_.begin(), before);
    latest_group_ = latest_.size();
  }
  if (latest_.empty() && !next.facts.random_access) return;
  latest_.emplace_back(av_packet_clone(next.packet.get()));
  latest_bytes_ += next->size;
  // Without a random access point, the last picture cannot be decoded again.
  if (latest_.size() > kMaxLatest || latest_bytes_ > kMaxLatest_bytes) forget_latest();
}

void Pass::forget_latest() {
  latest_.clear();
  latest_group_ = 0;
  latest_bytes_ = 0;
}

Result<ReadPacket> Pass::read_packet() {
  if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
  if (report.broke) return ReadPacket();
  auto next = take_packet();
  if (next && !*next) {
    // FFmpeg may read a file that is cut off without an error.
    const auto complete = check_whole_end();
    if (!complete) next = std::unexpected(complete.error());
    report.reached_end = complete.has_value();
  }
  if (!next) {
    if (next.error().code != ErrorCode::kCorrupt) return next;
    break_here(next.error());
    return ReadPacket();
  }
  if (!*next) return next;
  ++report.packets_read;
  if (is_before_start_) return next;
  const AVPacket& packet = *next->packet;
  const auto lost = LIDO_TRY(find_loss(*next));
  if (lost) {
    suspect_recent(static_cast<size_t>(lost->since));
    break_here({ErrorCode::kCorrupt, std::string(lost->reason)});
    return ReadPacket();
  }
  const bool has_pts = packet.pts != AV_NOPTS_VALUE || demuxer.times_every_packet();
  // AVI counts packets: the only times are those of decoding.
  const int64_t shown_pts = has_pts ? packet.pts : packet.dts;
  recent_.push_back({shown_pts, known.known_to(decoder.reorder_depth()), packet.pos, packet.size,
                     next->facts.zeros.at_end});
  if (recent_.size() > kMaxRecent) recent_.pop_front();
  known.push(shown_pts, packet.dts);
  remember(*next);
  return next;
}

/// Returns whether a marked packet is one of the last before another recording begins, as in
/// transport streams that were joined: no frame depends on what may be missing there.
Result<bool> Pass::is_end_of_recording(const AVPacket& packet) {
  if (!seeks_by_byte(demuxer.format().iformat->name)) return false;
  std::deque<ReadPacket> following;
  std::vector<int64_t> shown;
  for (const Recent& one : recent_) shown.push_back(one.pts);
  shown.push_back(packet.pts);
  size_t start = 0;  // position of the random access point
  bool found = false;
  while (!found || following.size() == start + 1) {
    if (!found && following.size() == kMarkedEarly) break;
    auto next = take_packet();
    if (!next && next.error().code != ErrorCode::kCorrupt) return std::unexpected(next.error());
    if (!next || !*next) break;
    following.push_back(std::move(*next));
    if (found) break;
    found = following.back().facts.resets;
    if (found) start = following.size() - 1;
    if (!found) shown.push_back(following.back()->pts);
  }
  const bool leads = following.size() > start + 1 && following.back()->pts < following[start]->pts;
  const double header_step = demuxer.frame_interval().value() / tick_s;
  const auto misses = [&] {
    return misses_frames(shown, following[start]->pts, header_step, kMaxHeld_s / tick_s);
  };
  const bool ends = found && !leads &&
                    (!misses() || LIDO_TRY(demuxer.begins_recording(*following[start].packet)));
  std::ranges::move(ahead_, std::back_inserter(following));
  ahead_ = std::move(following);
  return ends;
}

Result<ReadPacket> Pass::read_first_packet() {
  if (request.from) LIDO_TRY(seek(*request.from));
  is_before_start_ = request.from.has_value();
  for (;;) {
    ReadPacket next = LIDO_TRY(read_packet());
    if (next && !next.facts.random_access) continue;
    if (!next || !request.from || next->pts == request.from->pts) return next;
    if (next->pts == AV_NOPTS_VALUE || next->pts > request.from->pts) {
      break_here({ErrorCode::kCorrupt, "the file changed since the job was planned"});
      return ReadPacket();
    }
  }
}

Result<void> Pass::seek(const RandomAccess& point) {
  ahead_.clear();
  ahead_error_.reset();
  recent_.clear();
  known = {};
  numbered_ = {};
  forget_latest();
  loss.forget();
  return demuxer.seek(point);
}

double Pass::seconds_of_last() const {
  const bool timed = report.last_pts != kNoPts && report.start_pts != kNoPts;
  return timed
             ? std::max(0.0, static_cast<double>(ticks_between(report.start_pts, report.last_pts)) *
                                 tick_s)
             : 0;
}

void Pass::break_here(const Error& error) {
  if (!report.broke) report.broke = Break{seconds_of_last(), error, good_pts()};
}

void Pass::move_break_here() {
  report.broke->time_s = seconds_of_last();
  report.broke->good_pts = good_pts();
}

void Pass::suspect_from_packet(int64_t pts) {
  suspect(pts);
  // Damage seldom begins at the packet that shows it. A decoder that meets noise at a packet's end
  // may not notice before the next packet.
  if (pts != kNoPts && recent_.size() > 1) suspect(recent_[recent_.size() - 2].pts);
  known_limit_ = std::min(known_limit_, report.last_pts);
}

/// Notes that frames of the latest packets may be wrong.
void Pass::suspect_recent(size_t count) {
  const auto first = recent_.end() - static_cast<ptrdiff_t>(std::min(count, recent_.size()));
  if (first != recent_.end()) known_limit_ = std::min(known_limit_, first->known_pts);
  for (auto one = first; one != recent_.end(); ++one) suspect(one->pts);
}

void Pass::suspect(int64_t pts) {
  if (pts != kNoPts) suspect_pts = std::min(suspect_pts, pts);
}

void Pass::suspect_from_frame(int64_t pts) {
  const auto found = std::ranges::find(recent_.rbegin(), recent_.rend(), pts, &Recent::pts);
  if (found == recent_.rend()) return;
  for (auto one = found.base() - 1; one != recent_.end(); ++one) suspect(one->pts);
}

/// PTS up to which no frame is missing or damaged; kNoPts when that is not known.
int64_t Pass::good_pts() const {
  if (!demuxer.is_timed()) return suspect_frames ? report.last_pts : settled_pts;
  const int64_t known_pts = std::min(known.known_to(decoder.reorder_depth()), known_limit_);
  if (known_pts == kNoPts || report.last_pts == kNoPts) return kNoPts;
  return std::min({known_pts, report.last_pts, suspect_pts - 1});
}

FrameSelector Pass::make_selector(int64_t first_shown) const {
  const SampleGrid grid(request.start_pts.value_or(first_shown), demuxer.time_base(), request.fps);
  const bool keyframes = request.mode == DecodeMode::kKeyframesOnly;
  const double gap_s = keyframes ? kMaxPause_s : request.max_gap_s;
  return {grid, request.first_k, request.end_k, static_cast<int64_t>(std::ceil(gap_s / tick_s))};
}

bool Pass::is_timestamp_fault(int64_t pts, int64_t next_pts) const {
  return static_cast<double>(ticks_between(pts, next_pts)) * tick_s > kMaxPause_s;
}

}  // namespace lido::media
