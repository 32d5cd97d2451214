// SPDX-License-Identifier: Apache-2.0
#include "lido/media/full_pass.h"

#include <utility>

namespace lido::media {

Result<void> FullPass::run() {
  if (pass_.request.mode == DecodeMode::kKeyframesOnly) pass_.decoder.skip_all_but_keyframes();
  // At the beginning of a clip, the decoder finds where it can start: some cameras mark no random
  // access points.
  UniquePacket packet =
      LIDO_TRY(pass_.request.from ? pass_.read_first_packet() : pass_.read_packet());
  if (pass_.request.from) first_pts_ = pass_.request.from->pts;
  while (!pass_.report.broke && !is_done()) {
    LIDO_TRY(decode(packet.get()));
    if (packet == nullptr) break;
    const bool was_good = !pass_.report.broke;
    packet = LIDO_TRY(pass_.read_packet());
    if (pass_.report.broke && was_good) LIDO_TRY(drain_after_fault());
  }
  return deliver_last();
}

bool FullPass::is_done() const {
  return selector_ && held_ != nullptr && selector_->done(held_->pts);
}

/// Decodes one packet. @param packet  Null drains the decoder.
Result<void> FullPass::decode(const AVPacket* packet) {
  if (packet != nullptr) ++pass_.report.packets_decoded;
  const bool started = selector_.has_value();
  // Errors before the first good frame are skipped: the decoder has not found its start.
  if (const auto sent = pass_.decoder.send(packet); !sent && started) {
    pass_.break_here(sent.error());
    return {};
  }
  while (!pass_.report.broke) {
    auto decoded = pass_.decoder.receive();
    if (!decoded && started) pass_.break_here(decoded.error());
    if (!decoded || *decoded == nullptr) break;
    LIDO_TRY(push(std::move(*decoded)));
  }
  return {};
}

/// Takes the frames that the decoder still holds when the file is cut off: they are good.
Result<void> FullPass::drain_after_fault() {
  (void)pass_.decoder.send(nullptr);
  for (auto decoded = pass_.decoder.receive(); decoded && *decoded;
       decoded = pass_.decoder.receive()) {
    if (is_damaged(**decoded)) break;
    LIDO_TRY(push(std::move(*decoded)));
  }
  return {};
}

/// Sets the PTS of a frame that has none; it stays kNoPts when none can be found.
void FullPass::set_pts(AVFrame& decoded) {
  if (!pass_.demuxer.is_timed()) {
    // Frames of an elementary stream follow each other at the stream's rate.
    const AVStream& stream = pass_.demuxer.stream();
    const AVRational rate = stream.r_frame_rate;
    const AVRational interval =
        rate.num > 0 && rate.den > 0 ? AVRational{rate.den, rate.num} : AVRational{1, 25};
    decoded.pts = av_rescale_q(frames_out_++, interval, stream.time_base);
  } else if (decoded.pts == AV_NOPTS_VALUE) {
    decoded.pts = decoded.best_effort_timestamp;
  }
}

/// Checks one decoded frame, in display order.
Result<void> FullPass::push(UniqueFrame decoded) {
  set_pts(*decoded);
  if (decoded->pts == AV_NOPTS_VALUE) {
    pass_.break_here({ErrorCode::kCorrupt, "a frame without a timestamp"});
    return {};
  }
  const bool leading = first_pts_ != kNoPts && decoded->pts < first_pts_;
  if (leading) return {};
  if (is_damaged(*decoded)) {
    if (selector_) pass_.break_here({ErrorCode::kCorrupt, "the decoder found damaged frames"});
    return {};
  }
  if (!selector_) {
    selector_ = pass_.make_selector(decoded->pts);
    pass_.report.start_pts = selector_->grid().start_pts();
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
