// SPDX-License-Identifier: Apache-2.0
#include "lido/media/full_pass.h"

#include <algorithm>
#include <utility>

#include "lido/media/times_between.h"

namespace lido::media {
namespace {

/// More frames without a timestamp are not held back, so that memory stays bounded.
constexpr size_t kMaxUntimed = 8;
/// Latest steps between frames, of which the middle one counts.
constexpr size_t kMaxSteps = 9;

}  // namespace

Result<void> FullPass::run() {
  if (pass_.request.mode == DecodeMode::kKeyframesOnly) pass_.decoder.skip_all_but_keyframes();
  // At the beginning of a clip, the decoder finds where it can start: some cameras mark no random
  // access points.
  ReadPacket next = LIDO_TRY(pass_.request.from ? pass_.read_first_packet() : pass_.read_packet());
  if (pass_.request.from) first_pts_ = random_access_pts_ = pass_.request.from->pts;
  while (!pass_.report.broke && !is_done()) {
    LIDO_TRY(decode(next));
    if (!next || pass_.report.broke) break;
    next = LIDO_TRY(pass_.read_packet());
    if (pass_.report.broke) LIDO_TRY(drain_after_fault());
  }
  return deliver_last();
}

bool FullPass::is_done() const {
  return selector_ && held_ != nullptr && selector_->done(held_->pts);
}

/// Returns whether a frame may be damaged without a fault of the clip: the decoder cannot show
/// frames before the first random access point, and a clip may begin in the middle of a group.
bool FullPass::may_fail(int64_t pts) const {
  if (selector_) return false;
  return random_access_pts_ == kNoPts || (pts != kNoPts && pts < random_access_pts_);
}

/// Decodes one packet. @param next  Empty drains the decoder.
Result<void> FullPass::decode(const ReadPacket& next) {
  const AVPacket* packet = next.packet.get();
  const int64_t pts = packet == nullptr ? kNoPts : packet->pts;
  if (packet != nullptr) {
    ++pass_.report.packets_decoded;
    some_have_pts_ = some_have_pts_ || pts != kNoPts;
    if (random_access_pts_ == kNoPts && next.facts.random_access) random_access_pts_ = pts;
  }
  pass_.settled_pts = std::exchange(sent_pts_, pass_.report.last_pts);
  const bool may_fail = this->may_fail(pts);
  if (const auto sent = pass_.decoder.send(packet); !sent && !may_fail) {
    pass_.suspect_from_packet(pts);
    pass_.break_here(sent.error());
    return drain_after_fault();
  }
  while (!pass_.report.broke) {
    auto decoded = pass_.decoder.receive();
    if (!decoded && !may_fail) {
      pass_.suspect_from_packet(pts);
      pass_.break_here(decoded.error());
      return drain_after_fault();
    }
    if (!decoded || *decoded == nullptr) break;
    set_pts(**decoded);
    LIDO_TRY(push(std::move(*decoded)));
  }
  return packet == nullptr ? push_untimed() : Result<void>();
}

/// Takes the frames that the decoder still holds after a fault: those up to the first that is
/// missing are good.
Result<void> FullPass::drain_after_fault() {
  const auto fault = std::exchange(pass_.report.broke, std::nullopt);
  (void)pass_.decoder.send(nullptr);
  std::vector<UniqueFrame> frames;
  for (auto decoded = pass_.decoder.receive(); decoded && *decoded;
       decoded = pass_.decoder.receive()) {
    set_pts(**decoded);
    frames.push_back(std::move(*decoded));
  }
  drop_suspects(frames);
  for (UniqueFrame& frame : frames) {
    const int64_t pts = frame->pts;
    const bool late = pts != AV_NOPTS_VALUE &&
                      (pts >= pass_.suspect_pts || (held_ && misses_frame(held_->pts, pts)));
    if (late || is_damaged(*frame) || pass_.report.broke) break;
    LIDO_TRY(push(std::move(frame)));
  }
  LIDO_TRY(push_untimed());
  if (held_ != nullptr && held_->pts >= pass_.suspect_pts) {
    held_.reset();
    pass_.report.last_pts = before_held_;
  }
  pass_.report.broke = fault;
  pass_.move_break_here();
  return {};
}

/// Removes the frames that may be wrong at the end of a stream without times.
/// @param frames  Those that the decoder still held, in display order.
void FullPass::drop_suspects(std::vector<UniqueFrame>& frames) {
  const size_t suspects = pass_.suspect_frames.value_or(0);
  if (suspects > frames.size() && held_ != nullptr) {
    held_.reset();
    pass_.report.last_pts = before_held_;
  }
  frames.resize(frames.size() - std::min(frames.size(), suspects));
}

/// Returns the usual step between the latest frames, ticks; 0 before the second frame.
int64_t FullPass::usual_step() const { return median_step({steps_.begin(), steps_.end()}); }

/// Returns whether a frame is missing between two, by the steps before them.
bool FullPass::misses_frame(int64_t pts, int64_t next_pts) const {
  return usual_step() > 0 && skips_frame(ticks_between(pts, next_pts), usual_step());
}

/// Sets the PTS of a frame as the container or FFmpeg gives it; kNoPts where neither does.
void FullPass::set_pts(AVFrame& decoded) {
  if (!pass_.demuxer.is_timed()) {
    // Frames of an elementary stream follow each other at the stream's rate.
    const AVRational rate = pass_.demuxer.stream().r_frame_rate;
    const AVRational interval = rate.num > 0 && rate.den > 0 ? av_inv_q(rate) : AVRational{1, 25};
    decoded.pts = av_rescale_q(frames_out_++, interval, pass_.demuxer.stream().time_base);
  } else if (decoded.pts == AV_NOPTS_VALUE &&
             (!some_have_pts_ || !pass_.demuxer.times_every_packet())) {
    // Only decoding times are stored, as in AVI; a parser copies those of B frames to their PTS.
    decoded.pts = decoded.best_effort_timestamp;
  }
}

/// Takes a decoded frame, in display order. Frames without a timestamp wait for the next that has
/// one.
Result<void> FullPass::push(UniqueFrame decoded) {
  if (decoded->pts == AV_NOPTS_VALUE) {
    untimed_.push_back(std::move(decoded));
    return untimed_.size() < kMaxUntimed ? Result<void>() : push_untimed();
  }
  LIDO_TRY(push_untimed(decoded->pts));
  return pass_.report.broke ? Result<void>() : push_checked(std::move(decoded));
}

/// Derives the timestamps of the waiting frames from those before and after them.
/// @param next_pts  PTS of the frame after them; kNoPts when it is unknown.
Result<void> FullPass::push_untimed(int64_t next_pts) {
  std::vector<UniqueFrame> frames = std::exchange(untimed_, {});
  const Rational tick = pass_.demuxer.time_base();
  // A header's rate may count fields, or only the frames that have a timestamp.
  const Rational interval = usual_step() > 0 ? Rational{usual_step() * tick.num, tick.den}
                                             : pass_.demuxer.frame_interval();
  const std::vector<int64_t> times =
      times_between(last_timed_, next_pts, std::ssize(frames), interval, tick);
  if (times.size() < frames.size()) {
    pass_.break_here({ErrorCode::kCorrupt, "a frame without a timestamp, and no frame rate"});
    return {};
  }
  for (size_t i = 0; i < frames.size() && !pass_.report.broke; ++i) {
    frames[i]->pts = times[i];
    LIDO_TRY(push_checked(std::move(frames[i])));
  }
  return {};
}

/// Checks a frame that has its timestamp, in display order.
Result<void> FullPass::push_checked(UniqueFrame decoded) {
  last_timed_ = decoded->pts;
  const bool leading = first_pts_ != kNoPts && decoded->pts < first_pts_;
  if (leading) return {};
  if (is_damaged(*decoded)) {
    if (may_fail(decoded->pts)) return {};
    pass_.suspect_from_frame(decoded->pts);
    pass_.break_here({ErrorCode::kCorrupt, "the decoder found damaged frames"});
    return {};
  }
  if (!selector_) {
    selector_ = pass_.make_selector(decoded->pts);
    pass_.report.start_pts = selector_->grid().start_pts();
    pass_.loss.start();
  }
  return push_timed(std::move(decoded));
}

/// Delivers the frame before this one, whose sampling times are known now.
Result<void> FullPass::push_timed(UniqueFrame decoded) {
  const int64_t pts = decoded->pts;
  if (held_ != nullptr) {
    const bool backwards = pts < held_->pts;
    if (backwards || pass_.is_timestamp_fault(held_->pts, pts)) {
      const auto seconds = [&](int64_t at) {
        return static_cast<double>(at - pass_.report.start_pts) * pass_.tick_s;
      };
      pass_.break_here(
          {ErrorCode::kCorrupt, fmt::format("timestamps jump from {:.3f} s to {:.3f} s",
                                            seconds(held_->pts), seconds(pts))});
      return {};
    }
    const SampleRange times = selector_->times_of(held_->pts, pts);
    const bool cut = selector_->is_cut(held_->pts, pts);
    if (!times.empty()) {
      LIDO_TRY(pass_.delivery.deliver(std::move(held_), times, after_cut_));
      after_cut_ = false;
    }
    after_cut_ = after_cut_ || cut;
    before_held_ = pass_.report.last_pts;
    steps_.push_back(ticks_between(before_held_, pts));
    if (steps_.size() > kMaxSteps) steps_.pop_front();
  }
  pass_.report.last_pts = pts;
  pass_.delivery.watch(*decoded);
  held_ = std::move(decoded);
  return {};
}

Result<void> FullPass::deliver_last() {
  if (selector_ && held_ != nullptr) {
    const SampleRange times = selector_->times_of_last(held_->pts, held_->pts);
    if (!times.empty()) LIDO_TRY(pass_.delivery.deliver(std::move(held_), times, after_cut_));
  }
  if (!selector_ && !pass_.report.broke)
    pass_.break_here({ErrorCode::kCorrupt, "no frame could be decoded"});
  return {};
}

}  // namespace lido::media
