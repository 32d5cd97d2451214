// SPDX-License-Identifier: Apache-2.0
#include "lido/media/loss.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace lido::media {
namespace {

/// Steps after which times count as regular: a second of most clips.
constexpr int64_t kMinRegularSteps = 24;
/// A longer step is a pause in the recording. Seconds.
constexpr double kMaxLoss_s = 1;

/// Codecs of natural video that predict, and whose streams count nothing: only timestamps show a
/// lost frame. Codecs of screen recorders leave out frames on purpose.
constexpr std::array kWithoutCount = {AV_CODEC_ID_MPEG4, AV_CODEC_ID_MSMPEG4V3, AV_CODEC_ID_WMV1,
                                      AV_CODEC_ID_WMV2,  AV_CODEC_ID_WMV3,      AV_CODEC_ID_VC1,
                                      AV_CODEC_ID_H263,  AV_CODEC_ID_FLV1,      AV_CODEC_ID_VP8,
                                      AV_CODEC_ID_VP9,   AV_CODEC_ID_AV1};

}  // namespace

int RegularTimes::missing_before(int64_t time, int64_t max_step) {
  const int64_t step = time - last_;
  last_ = time;
  if (steps_ < 1) {
    ++steps_;
    if (steps_ == 0) first_ = time;
    return 0;
  }
  const double interval =
      std::max(1e-9, static_cast<double>(time - step - first_) / static_cast<double>(steps_));
  // Muxers round to ticks, which AVI makes as long as a frame.
  const double tolerance = std::min(1.01, interval / 4);
  const double steps = std::max(1.0, std::round(static_cast<double>(step) / interval));
  const bool fits = std::abs(static_cast<double>(step) - steps * interval) <= tolerance;
  if (fits && steps < 1.5) {
    ++steps_;
    return 0;
  }
  const bool was_regular = steps_ >= kMinRegularSteps;
  first_ = time;
  steps_ = 0;
  return fits && was_regular && step <= max_step ? static_cast<int>(steps) - 1 : 0;
}

LossDetector::LossDetector(const AVStream& stream, bool has_all_times)
    : times_show_loss_(has_all_times &&
                       std::ranges::find(kWithoutCount, stream.codecpar->codec_id) !=
                           kWithoutCount.end()),
      max_step_(static_cast<int64_t>(kMaxLoss_s / av_q2d(stream.time_base))) {}

void LossDetector::forget() {
  times_.forget();
  started_ = false;
  gap_end_ = kNoPts;
}

std::optional<Loss> LossDetector::push(const AVPacket& packet, const PacketFacts& facts) {
  const int64_t time = packet.dts != AV_NOPTS_VALUE ? packet.dts : packet.pts;
  const bool gap_in_time = times_show_loss_ && time != AV_NOPTS_VALUE &&
                           times_.missing_before(time, max_step_) > 0 && !facts.random_access;
  if (facts.random_access) {
    // Only leading pictures depend on what is missing before a random access point.
    const bool is_first = !std::exchange(started_, true);
    gap_end_ = !is_first && facts.missing_since ? packet.pts : kNoPts;
    if (is_first || facts.missing_since.value_or(0) == 0) return std::nullopt;
  }
  if (!started_) return std::nullopt;
  if (gap_in_time) return Loss{"a frame is missing by the timestamps"};
  if (facts.missing_since)
    return Loss{"a picture is missing that later ones are predicted from", *facts.missing_since};
  const bool leads = gap_end_ != kNoPts && packet.pts != AV_NOPTS_VALUE && packet.pts < gap_end_;
  if (leads) return Loss{"a picture is missing that later ones are predicted from"};
  return std::nullopt;
}

}  // namespace lido::media
