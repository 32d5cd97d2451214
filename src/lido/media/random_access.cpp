// SPDX-License-Identifier: Apache-2.0
#include "lido/media/random_access.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "lido/media/container.h"
#include "lido/media/demuxer.h"
#include "lido/media/loss.h"

namespace lido::media {
namespace {

/// Faults of a file after which no more of it is read.
constexpr int kMaxFaults = 100'000;
/// A larger step between two points is a jump of the clock.
constexpr double kMaxStep_s = 24 * 3600;

/// Collects the points of a stretch from its packets.
class Collector {
 public:
  explicit Collector(Demuxer& demuxer)
      : demuxer_(demuxer),
        max_step_(static_cast<int64_t>(kMaxStep_s / demuxer.time_base().value())) {}

  void push(const AVPacket& packet) {
    const PacketFacts facts = demuxer_.facts(packet);
    const bool usable = (packet.flags & AV_PKT_FLAG_CORRUPT) == 0 && !facts.zeros.in_data;
    const bool random_access = facts.random_access;
    if (found_.start_pts == kNoPts) found_.start_pts = demuxer_.lost_start_pts();
    const int64_t pts = packet.pts;
    if (pts == AV_NOPTS_VALUE) return;
    if (random_access && ++groups_ == 1) first_pts_ = pts;
    const bool shown = (packet.flags & AV_PKT_FLAG_DISCARD) == 0;
    if (!shown) return;
    const bool is_first = groups_ == 1 && pts >= first_pts_;
    if (is_first && (found_.start_pts == kNoPts || pts < found_.start_pts)) found_.start_pts = pts;
    if (usable && random_access && follows(pts))
      found_.points.push_back({{pts, packet.dts, packet.pos}, previous_pts_});
    add_frame(pts);
  }

  bool is_past(int64_t end_pts) const {
    return !found_.points.empty() && found_.points.back().at.pts > end_pts;
  }
  AccessPoints take() { return std::move(found_); }

 private:
  bool follows(int64_t pts) const {
    if (found_.points.empty()) return true;
    const int64_t before = found_.points.back().at.pts;
    return pts > before && ticks_between(before, pts) < max_step_;
  }

  /// Keeps the time of the frame before the latest point.
  void add_frame(int64_t pts) {
    previous_pts_ = std::max(previous_pts_, pts);
    if (found_.points.empty()) return;
    AccessPoint& point = found_.points.back();
    // Leading frames are shown before the point and follow it in the file.
    if (pts < point.at.pts) point.previous_pts = std::max(point.previous_pts, pts);
  }

  Demuxer& demuxer_;
  int64_t max_step_;
  int64_t groups_ = 0;          // random access points so far, shown or not
  int64_t first_pts_ = kNoPts;  // PTS of the first random access point
  int64_t previous_pts_ = kNoPts;
  AccessPoints found_;
};

}  // namespace

Result<AccessPoints> list_access_points(storage::Reader& reader,
                                        const std::optional<RandomAccess>& from, int64_t end_pts) {
  const auto demuxer = LIDO_TRY(Demuxer::open(reader));
  if (!demuxer->is_timed()) return AccessPoints{};
  if (from) LIDO_TRY(demuxer->seek(*from));
  Collector collector(*demuxer);
  bool started = !from.has_value();
  for (int faults = 0; faults < kMaxFaults && !collector.is_past(end_pts);) {
    const auto packet = demuxer->next();
    if (!packet && packet.error().code != ErrorCode::kCorrupt)
      return std::unexpected(packet.error());
    if (packet && *packet == nullptr) break;
    faults += packet ? 0 : 1;
    if (!packet) continue;
    started = started || (*packet)->pts == from->pts;
    if (started) collector.push(**packet);
  }
  AccessPoints found = collector.take();
  const bool by_page = demuxer->times_pages();
  if (!by_page && !seeks_by_byte(demuxer->format().iformat->name)) return found;
  std::vector<AccessPoint> kept;
  std::unique_ptr<Demuxer> fresh;
  for (const AccessPoint& point : found.points) {
    // The times that FFmpeg counts in Ogg depend on where it began to read.
    if (by_page) fresh = LIDO_TRY(Demuxer::open(reader));
    if (LIDO_TRY((by_page ? *fresh : *demuxer).finds_again(point.at))) kept.push_back(point);
  }
  found.points = std::move(kept);
  return found;
}

}  // namespace lido::media
