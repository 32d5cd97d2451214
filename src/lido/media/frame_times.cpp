// SPDX-License-Identifier: Apache-2.0
#include "lido/media/frame_times.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "lido/media/demuxer.h"
#include "lido/media/extract.h"

namespace lido::media {
namespace {

/// Codecs with one packet for each frame, except for fields, whose timestamps show them.
constexpr std::array kFramePerPacket = {AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_MJPEG,
                                        AV_CODEC_ID_VP9, AV_CODEC_ID_AV1};

/// Reads the times from the packets. @return No value where packets do not show the frames.
Result<std::optional<FrameTimes>> times_of_packets(storage::Reader& reader) {
  const auto demuxer = LIDO_TRY(Demuxer::open(reader));
  const AVCodecID codec = demuxer->stream().codecpar->codec_id;
  if (!demuxer->is_timed() || std::ranges::find(kFramePerPacket, codec) == kFramePerPacket.end())
    return std::nullopt;
  FrameTimes times{.pts = {}, .time_base = demuxer->time_base()};
  int64_t first_pts = kNoPts, last_key_pts = kNoPts;
  for (;;) {
    const auto packet = demuxer->next();
    if (!packet && packet.error().code != ErrorCode::kCorrupt)
      return std::unexpected(packet.error());
    if (!packet || *packet == nullptr) break;
    const AVPacket& read = **packet;
    const PacketFacts facts = demuxer->facts(read);
    const bool begins_well = first_pts != kNoPts || facts.random_access;
    if (facts.unplannable || read.pts == AV_NOPTS_VALUE || !begins_well) return std::nullopt;
    const bool restarts = facts.random_access && read.pts < last_key_pts;
    if (restarts) break;
    if (facts.random_access) last_key_pts = read.pts;
    if (first_pts == kNoPts) first_pts = read.pts;
    const bool is_shown = (read.flags & AV_PKT_FLAG_DISCARD) == 0 && read.pts >= first_pts;
    if (is_shown) times.pts.push_back(read.pts);
  }
  std::ranges::sort(times.pts);
  const bool has_fields = std::ranges::adjacent_find(times.pts) != times.pts.end();
  if (has_fields || times.pts.empty()) return std::nullopt;
  return times;
}

/// Decodes every frame for its time.
Result<FrameTimes> times_of_frames(storage::Reader& reader) {
  constexpr double kNoCuts_s = 1e9;
  FrameTimes times{.pts = {}, .time_base = LIDO_TRY(probe(reader)).time_base};
  // One sampling time for each tick: every frame is the answer for one of them.
  const ExtractRequest request{.fps = {times.time_base.den, times.time_base.num},
                               .mode = DecodeMode::kEverything,
                               .max_gap_s = kNoCuts_s};
  const auto add = [&](const ExtractedFrame& frame) -> Result<void> {
    times.pts.push_back(frame.frame.pts);
    return {};
  };
  const auto restart = [&] { times.pts.clear(); };
  const ExtractReport report = LIDO_TRY(extract(reader, request, add, restart));
  if (!times.pts.empty()) return times;
  const Error none{ErrorCode::kCorrupt, "no frame could be decoded"};
  return std::unexpected(report.broke ? report.broke->error : none);
}

}  // namespace

Result<FrameTimes> frame_times(storage::Reader& reader) {
  if (auto times = LIDO_TRY(times_of_packets(reader))) return *std::move(times);
  return times_of_frames(reader);
}

}  // namespace lido::media
