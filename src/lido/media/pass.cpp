// SPDX-License-Identifier: Apache-2.0
#include "lido/media/pass.h"

#include <algorithm>
#include <cmath>

#include "lido/media/container.h"

namespace lido::media {
namespace {

/// A larger step between timestamps is a fault, not a pause in the recording.
constexpr double kMaxPause_s = 24 * 3600;

}  // namespace

Pass::Pass(Demuxer& from, Decoder& with, const ExtractRequest& wanted, const FrameSink& sink,
           const std::stop_token& stopped, ExtractReport& result)
    : demuxer(from),
      decoder(with),
      request(wanted),
      stop(stopped),
      report(result),
      delivery(with, sink, result, wanted.linger),
      tick_s(from.time_base().value()) {
  report.start_pts = request.start_pts.value_or(kNoPts);
  // The clip is good up to its start, even when nothing follows.
  if (request.from) report.last_pts = request.from->pts;
}

Result<UniquePacket> Pass::read_packet() {
  if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
  if (report.broke) return nullptr;
  auto packet = demuxer.next();
  if (!packet) {
    if (packet.error().code != ErrorCode::kCorrupt) return packet;
    break_here(packet.error());
    return nullptr;
  }
  report.reached_end = *packet == nullptr;
  if (report.reached_end) return packet;
  ++report.packets_read;
  const bool short_read = ((*packet)->flags & AV_PKT_FLAG_CORRUPT) != 0 &&
                          !seeks_by_byte(demuxer.format().iformat->name);
  if (short_read) {
    break_here({ErrorCode::kCorrupt, "the file is cut off in the middle of a frame"});
    return nullptr;
  }
  return packet;
}

Result<UniquePacket> Pass::read_first_packet() {
  if (request.from) LIDO_TRY(demuxer.seek(*request.from));
  for (;;) {
    UniquePacket packet = LIDO_TRY(read_packet());
    if (packet != nullptr && !demuxer.facts(*packet).random_access) continue;
    if (packet == nullptr || !request.from || packet->pts == request.from->pts) return packet;
    if (packet->pts == AV_NOPTS_VALUE || packet->pts > request.from->pts) {
      break_here({ErrorCode::kCorrupt, "the file changed since the job was planned"});
      return nullptr;
    }
  }
}

void Pass::break_here(const Error& error) {
  const bool timed = report.last_pts != kNoPts && report.start_pts != kNoPts;
  const double time_s =
      timed ? std::max(0.0, static_cast<double>(report.last_pts - report.start_pts) * tick_s) : 0;
  if (!report.broke) report.broke = Break{time_s, error};
}

FrameSelector Pass::make_selector(int64_t first_shown) const {
  const SampleGrid grid(request.start_pts.value_or(first_shown), demuxer.time_base(), request.fps);
  const bool keyframes = request.mode == DecodeMode::kKeyframesOnly;
  const double gap_s = keyframes ? kMaxPause_s : request.max_gap_s;
  return {grid, request.first_k, request.end_k, static_cast<int64_t>(std::ceil(gap_s / tick_s))};
}

bool Pass::is_timestamp_fault(int64_t pts, int64_t next_pts) const {
  return static_cast<double>(next_pts - pts) * tick_s > kMaxPause_s;
}

}  // namespace lido::media
