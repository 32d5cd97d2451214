// SPDX-License-Identifier: Apache-2.0
#include "lido/media/probe.h"

#include <algorithm>
#include <cmath>

#include "lido/media/container.h"
#include "lido/media/demuxer.h"

namespace lido::media {
namespace {

/// A camera's usual rate, where neither header nor packets tell: 4 Mb/s.
constexpr double kUsualBytesPerSecond = 5e5;
/// A header that claims more is not believed: ten years.
constexpr double kLongest_s = 10 * 365.25 * 86400;

RandomAccess point_of(const AVPacket& packet) { return {packet.pts, packet.dts, packet.pos}; }

/// Keeps the last point before each multiple of `apart` ticks.
class PointCollector {
 public:
  PointCollector(ClipIndex& index, int64_t apart)
      : index_(index), apart_(apart), until_(index.start_pts + apart) {}
  void see(const RandomAccess& point) {
    if (point.pts > until_) {
      if (last_seen_) index_.points.push_back(*last_seen_);
      last_seen_.reset();
      until_ += (point.pts - until_ + apart_ - 1) / apart_ * apart_;
    }
    last_seen_ = point;
  }

 private:
  ClipIndex& index_;
  int64_t apart_;
  int64_t until_;
  std::optional<RandomAccess> last_seen_;
};

/// Reads the first group: the clip's first point and the first picture shown.
Result<ClipIndex> read_beginning(Demuxer& demuxer) {
  ClipIndex index;
  constexpr int kMostPackets = 4096;
  for (int i = 0; i < kMostPackets; ++i) {
    const auto packet = demuxer.next();
    if (!packet && packet.error().code != ErrorCode::kCorrupt)
      return std::unexpected(packet.error());
    if (!packet || *packet == nullptr) break;
    const bool random_access = demuxer.facts(**packet).random_access;
    if (index.points.empty() && !random_access) continue;
    if (!index.points.empty() && random_access) break;
    if (index.points.empty()) index.points.push_back(point_of(**packet));
    const int64_t pts = (*packet)->pts;
    const bool shown = ((*packet)->flags & AV_PKT_FLAG_DISCARD) == 0;
    if (pts == AV_NOPTS_VALUE || pts < index.points[0].pts) continue;
    if (shown && (index.start_pts == kNoPts || pts < index.start_pts)) index.start_pts = pts;
  }
  if (index.points.empty())
    return fail(ErrorCode::kCorrupt, "no picture that decoding could start from");
  return index;
}

Result<void> collect_by_seeking(Demuxer& demuxer, int64_t apart, int64_t end, ClipIndex& index) {
  for (int64_t until = index.start_pts + apart; until < end; until += apart) {
    // A seek may fail or land early; then what follows stays in one piece.
    if (!demuxer.seek({.pts = until, .dts = until})) return {};
    std::optional<RandomAccess> found;
    while (!found) {
      const auto packet = demuxer.next();
      if (!packet && packet.error().code != ErrorCode::kCorrupt)
        return std::unexpected(packet.error());
      if (!packet || *packet == nullptr) return {};
      const bool usable = (*packet)->pts != AV_NOPTS_VALUE &&
                          (*packet)->pts > index.points.back().pts &&
                          ((*packet)->flags & AV_PKT_FLAG_DISCARD) == 0;
      if (usable && demuxer.facts(**packet).random_access) found = point_of(**packet);
    }
    if (found->pts <= until) index.points.push_back(*found);
  }
  return {};
}

Result<void> collect_by_reading(Demuxer& demuxer, int64_t apart, ClipIndex& index) {
  PointCollector collector(index, apart);
  int64_t latest = index.points[0].pts;
  for (;;) {
    const auto packet = demuxer.next();
    if (!packet && packet.error().code != ErrorCode::kCorrupt)
      return std::unexpected(packet.error());
    // Where the file breaks, the span that reads this part will say so.
    if (!packet || *packet == nullptr) return {};
    if ((*packet)->pts == AV_NOPTS_VALUE || !demuxer.facts(**packet).random_access) continue;
    if ((*packet)->pts == latest) continue;
    if ((*packet)->pts < latest) return {};
    latest = (*packet)->pts;
    collector.see(point_of(**packet));
  }
}

/// Whether a span that starts at each point will find it again.
Result<bool> can_be_found_again(Demuxer& demuxer, const ClipIndex& index) {
  for (const RandomAccess& point : index.points) {
    if (!demuxer.seek(point)) return false;
    for (bool found = false; !found;) {
      const auto packet = demuxer.next();
      if (!packet && packet.error().code != ErrorCode::kCorrupt)
        return std::unexpected(packet.error());
      if (!packet || *packet == nullptr) return false;
      if (!demuxer.facts(**packet).random_access) continue;
      found = (*packet)->pts == point.pts;
      if ((*packet)->pts == AV_NOPTS_VALUE || (*packet)->pts > point.pts) return false;
    }
  }
  return true;
}

double duration_of(const Demuxer& demuxer, int64_t bytes) {
  const AVStream& stream = demuxer.stream();
  const double claimed_s = static_cast<double>(stream.duration) * av_q2d(stream.time_base);
  if (claimed_s > 0 && claimed_s < kLongest_s) return claimed_s;
  const AVFormatContext& format = demuxer.format();
  const bool guessed = format.duration_estimation_method == AVFMT_DURATION_FROM_BITRATE;
  const double told_s = static_cast<double>(format.duration) / AV_TIME_BASE;
  if (told_s > 0 && told_s < kLongest_s && !guessed) return told_s;
  return static_cast<double>(bytes) / kUsualBytesPerSecond;
}

}  // namespace

Result<ClipInfo> probe(storage::Reader& reader) {
  const auto demuxer = LIDO_TRY(Demuxer::open(reader));
  const AVStream& stream = demuxer->stream();
  const std::string_view format = demuxer->format().iformat->name;
  ClipInfo info;
  info.container = format.substr(0, format.find(','));
  info.codec = avcodec_get_name(stream.codecpar->codec_id);
  info.width = stream.codecpar->width;
  info.height = stream.codecpar->height;
  info.time_base = demuxer->time_base();
  info.duration_s = duration_of(*demuxer, reader.size());
  const AVRational rate =
      stream.avg_frame_rate.num > 0 ? stream.avg_frame_rate : stream.r_frame_rate;
  if (rate.num > 0 && rate.den > 0) info.source_fps = av_q2d(rate);
  return info;
}

Result<ClipIndex> index_clip(storage::Reader& reader, double apart_s) {
  const auto demuxer = LIDO_TRY(Demuxer::open(reader));
  ClipIndex index = LIDO_TRY(read_beginning(*demuxer));
  const AVStream& stream = demuxer->stream();
  if (!demuxer->is_timed() || index.start_pts == kNoPts || index.points[0].pts == kNoPts)
    return index;
  const double tick_s = demuxer->time_base().value();
  const auto apart = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(apart_s / tick_s)));
  // Matroska reads its index when it is first asked to seek.
  LIDO_TRY(demuxer->seek(index.points[0]));
  const bool indexed = avformat_index_get_entries_count(&stream) > 2 &&
                       !seeks_by_byte(demuxer->format().iformat->name);
  if (indexed) {
    const auto length = static_cast<int64_t>(duration_of(*demuxer, reader.size()) / tick_s);
    LIDO_TRY(collect_by_seeking(*demuxer, apart, index.points[0].pts + length, index));
  } else {
    LIDO_TRY(collect_by_reading(*demuxer, apart, index));
  }
  if (!LIDO_TRY(can_be_found_again(*demuxer, index))) index.points.resize(1);
  return index;
}

}  // namespace lido::media
