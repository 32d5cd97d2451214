// SPDX-License-Identifier: Apache-2.0
#include "lido/media/probe.h"

#include <algorithm>
#include <cmath>

#include "lido/media/container.h"
#include "lido/media/demuxer.h"

namespace lido::media {
namespace {

/// Bit rate assumed for clips without a duration: 4 Mb/s, as of a typical camera.
constexpr double kTypicalBytesPerSecond = 5e5;
/// Longer durations in a header are ignored: ten years.
constexpr double kMaxDuration_s = 10 * 365.25 * 86400;

RandomAccess point_of(const AVPacket& packet) { return {packet.pts, packet.dts, packet.pos}; }

/// Collects the last point before each multiple of `interval` ticks.
class PointCollector {
 public:
  PointCollector(ClipIndex& index, int64_t interval)
      : index_(index), interval_(interval), until_(index.start_pts + interval) {}
  void push(const RandomAccess& point) {
    if (point.pts > until_) {
      if (last_) index_.points.push_back(*last_);
      last_.reset();
      until_ += (point.pts - until_ + interval_ - 1) / interval_ * interval_;
    }
    last_ = point;
  }

 private:
  ClipIndex& index_;
  int64_t interval_;
  int64_t until_;
  std::optional<RandomAccess> last_;
};

/// Reads the first group of pictures: the clip's first point, and the first frame shown.
Result<ClipIndex> read_beginning(Demuxer& demuxer) {
  ClipIndex index;
  constexpr int kMaxPackets = 4096;
  for (int i = 0; i < kMaxPackets; ++i) {
    const auto packet = demuxer.next();
    if (!packet && packet.error().code != ErrorCode::kCorrupt)
      return std::unexpected(packet.error());
    if (!packet || *packet == nullptr) break;
    const bool random_access = demuxer.facts(**packet).random_access;
    if (index.start_pts == kNoPts) index.start_pts = demuxer.lost_start_pts();
    if (index.points.empty() && !random_access) continue;
    if (!index.points.empty() && random_access) break;
    if (index.points.empty()) index.points.push_back(point_of(**packet));
    const int64_t pts = (*packet)->pts;
    const bool shown = ((*packet)->flags & AV_PKT_FLAG_DISCARD) == 0;
    if (pts == AV_NOPTS_VALUE || pts < index.points[0].pts) continue;
    if (shown && (index.start_pts == kNoPts || pts < index.start_pts)) index.start_pts = pts;
  }
  if (index.points.empty())
    return fail(ErrorCode::kCorrupt, "no packet from which decoding can start");
  return index;
}

Result<void> collect_by_seeking(Demuxer& demuxer, int64_t interval, int64_t end, ClipIndex& index) {
  for (int64_t until = index.start_pts + interval; until < end; until += interval) {
    // After a failed or early seek, the rest of the clip stays undivided.
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

Result<void> collect_by_reading(Demuxer& demuxer, int64_t interval, ClipIndex& index) {
  PointCollector collector(index, interval);
  int64_t latest = index.points[0].pts;
  for (;;) {
    const auto packet = demuxer.next();
    if (!packet && packet.error().code != ErrorCode::kCorrupt)
      return std::unexpected(packet.error());
    // A fault in the file is reported by the span that contains it.
    if (!packet || *packet == nullptr) return {};
    if ((*packet)->pts == AV_NOPTS_VALUE || !demuxer.facts(**packet).random_access) continue;
    if ((*packet)->pts == latest) continue;
    if ((*packet)->pts < latest) return {};
    latest = (*packet)->pts;
    collector.push(point_of(**packet));
  }
}

/// Returns whether a seek to each point finds it again.
Result<bool> can_be_found_again(Demuxer& demuxer, const ClipIndex& index) {
  for (const RandomAccess& point : index.points) {
    if (!LIDO_TRY(demuxer.finds_again(point))) return false;
  }
  return true;
}

double duration_of(const Demuxer& demuxer, int64_t bytes) {
  const AVStream& stream = demuxer.stream();
  const double claimed_s = static_cast<double>(stream.duration) * av_q2d(stream.time_base);
  if (claimed_s > 0 && claimed_s < kMaxDuration_s) return claimed_s;
  const AVFormatContext& format = demuxer.format();
  const bool guessed = format.duration_estimation_method == AVFMT_DURATION_FROM_BITRATE;
  const double probed_s = static_cast<double>(format.duration) / AV_TIME_BASE;
  if (probed_s > 0 && probed_s < kMaxDuration_s && !guessed) return probed_s;
  return static_cast<double>(bytes) / kTypicalBytesPerSecond;
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
  info.other_video = demuxer->other_tracks();
  return info;
}

Result<ClipIndex> index_clip(storage::Reader& reader, double interval_s) {
  const auto demuxer = LIDO_TRY(Demuxer::open(reader));
  ClipIndex index = LIDO_TRY(read_beginning(*demuxer));
  const AVStream& stream = demuxer->stream();
  if (!demuxer->is_timed() || index.start_pts == kNoPts || index.points[0].pts == kNoPts)
    return index;
  const double tick_s = demuxer->time_base().value();
  const auto interval = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(interval_s / tick_s)));
  // FFmpeg reads the index of a Matroska file at the first seek.
  LIDO_TRY(demuxer->seek(index.points[0]));
  const bool indexed = avformat_index_get_entries_count(&stream) > 2 &&
                       !seeks_by_byte(demuxer->format().iformat->name);
  if (indexed) {
    const auto length = static_cast<int64_t>(duration_of(*demuxer, reader.size()) / tick_s);
    LIDO_TRY(collect_by_seeking(*demuxer, interval, index.points[0].pts + length, index));
  } else {
    LIDO_TRY(collect_by_reading(*demuxer, interval, index));
  }
  if (!LIDO_TRY(can_be_found_again(*demuxer, index))) index.points.resize(1);
  return index;
}

}  // namespace lido::media
