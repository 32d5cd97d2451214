// SPDX-License-Identifier: Apache-2.0
#include "lido/media/loss.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "lido/base/median.h"

namespace lido::media {
namespace {

/// Regular steps around a longer one that make it a sign of a loss: a second of most clips.
constexpr size_t kMinRegularSteps = 24;
/// Timestamps on each side that are looked at.
constexpr size_t kMaxTimes = 33;
/// A longer step is a pause in the recording. Seconds.
constexpr double kMaxLoss_s = 1;
constexpr std::string_view kMissingByTimes = "a frame is missing by the timestamps";

/// Returns whether a codec leaves out no frame on purpose: an encoder repeats one instead.
bool has_each_frame(AVCodecID codec) {
  return codec == AV_CODEC_ID_MPEG1VIDEO || codec == AV_CODEC_ID_MPEG2VIDEO;
}

/// Returns whether timestamps must show a lost frame of a codec: its frames predict, and its stream
/// counts nothing, or only the pictures of a group. Animations hold frames on purpose.
bool counts_too_little(AVCodecID codec) {
  constexpr std::array kOthers = {AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_GIF,
                                  AV_CODEC_ID_APNG};
  if (std::ranges::find(kOthers, codec) != kOthers.end()) return false;
  const AVCodecDescriptor* descriptor = avcodec_descriptor_get(codec);
  return descriptor == nullptr || (descriptor->props & AV_CODEC_PROP_INTRA_ONLY) == 0;
}

void add_steps(std::span<const int64_t> times, std::vector<double>& steps) {
  for (size_t i = 1; i < times.size(); ++i)
    steps.push_back(static_cast<double>(ticks_between(times[i - 1], times[i])));
}

/// The interval of regular steps.
class RegularSteps {
 public:
  explicit RegularSteps(std::vector<double> steps) {
    if (steps.empty()) return;
    const double median = reorder_to_median(std::span(steps));
    double sum = 0;
    for (const double step : steps) {
      const bool fits = std::abs(step - median) <= tolerance(median);
      sum += fits ? step : 0;
      regular_ += fits ? 1 : 0;
    }
    ticks_ = regular_ > 0 ? sum / static_cast<double>(regular_) : 0;
    // Steps of other lengths: a rate that varies shows no loss.
    is_regular_ = ticks_ > 0 && 8 * (steps.size() - regular_) <= regular_;
  }
  bool is_regular() const { return is_regular_ && regular_ >= kMinRegularSteps; }
  /// Returns how many frames are missing in a step; 0 where it is no multiple of the interval.
  int missing_in(double step) const {
    const double steps = std::round(step / ticks_);
    const bool fits = std::abs(step - steps * ticks_) <= tolerance(ticks_);
    return fits && steps > 1.5 ? static_cast<int>(std::min(steps, 1e6)) - 1 : 0;
  }

 private:
  /// Muxers round to ticks, which may be as long as a frame.
  static double tolerance(double interval) { return std::min(1.01, interval / 4); }

  double ticks_ = 0;
  size_t regular_ = 0;
  bool is_regular_ = false;
};

}  // namespace

int64_t median_step(std::vector<int64_t> steps) {
  return steps.empty() ? 0 : median(std::move(steps));
}

bool has_hole(std::vector<int64_t> times) {
  constexpr size_t kMinSteps = 4;
  std::ranges::sort(times);
  times.erase(std::ranges::unique(times).begin(), times.end());
  std::vector<int64_t> steps;
  for (size_t i = 1; i < times.size(); ++i) steps.push_back(ticks_between(times[i - 1], times[i]));
  if (steps.size() < kMinSteps) return true;
  std::ranges::sort(steps);
  // A rate that varies has long steps, but not one that is much longer than a quarter of them.
  return skips_frame(steps.back(), steps[std::min(steps.size() * 3 / 4, steps.size() - 2)]);
}

int missing_before(std::span<const int64_t> before, std::span<const int64_t> after,
                   int64_t max_step) {
  if (before.size() < 2) return 0;
  const int64_t step = ticks_between(before[before.size() - 2], before.back());
  std::vector<double> steps;
  add_steps(before.first(before.size() - 1), steps);
  std::vector<int64_t> rest = {before.back()};
  rest.insert(rest.end(), after.begin(), after.end());
  add_steps(rest, steps);
  const RegularSteps interval(std::move(steps));
  if (!interval.is_regular() || step > max_step) return 0;
  return interval.missing_in(static_cast<double>(step));
}

LossDetector::LossDetector(const AVStream& stream, bool has_all_times, bool times_pages)
    : times_show_loss_(has_all_times && counts_too_little(stream.codecpar->codec_id)),
      never_pauses_(has_each_frame(stream.codecpar->codec_id)),
      times_pages_(times_pages),
      max_step_(static_cast<int64_t>(kMaxLoss_s / av_q2d(stream.time_base))) {}

void LossDetector::forget() {
  times_.clear();
  page_ = -1;
  on_page_ = on_page_before_ = 0;
  started_ = false;
  gap_end_ = kNoPts;
}

/// Returns whether the timestamps show that a frame is missing before a packet.
Result<bool> LossDetector::misses_frame(const AVPacket& packet, const TimesAhead& ahead,
                                        const TimesAhead& beginning) {
  // B frames make steps of any length between presentation times.
  const bool by_dts = packet.dts != AV_NOPTS_VALUE || never_pauses_;
  const int64_t time = by_dts ? packet.dts : packet.pts;
  if (time == AV_NOPTS_VALUE) times_.clear();
  if (!times_show_loss_ || time == AV_NOPTS_VALUE) return false;
  times_.push_back(time);
  if (times_.size() > kMaxTimes) times_.pop_front();
  const size_t count = times_.size();
  if (count < 2) return false;
  const int64_t step = time - times_[count - 2];
  const bool is_longer = count == 2 || 4 * step > 5 * (times_[count - 2] - times_[count - 3]);
  if (!is_longer || step > max_step_) return false;
  const std::vector<int64_t> before(times_.begin(), times_.end());
  std::vector<int64_t> after = LIDO_TRY(ahead(kMaxTimes));
  if (missing_before(before, after, max_step_) > 0) return true;
  if (before.size() + after.size() > kMinRegularSteps + 4) return false;
  // Too few packets around this one: the clip's beginning shows its interval.
  std::vector<int64_t> first = LIDO_TRY(beginning(kMaxTimes));
  if (first.empty()) return false;
  for (int64_t& one : first) one += before.front() - first.back();
  first.insert(first.end(), before.begin() + 1, before.end());
  return missing_before(first, after, max_step_) > 0;
}

Result<std::optional<Loss>> LossDetector::push(const AVPacket& packet, const PacketFacts& facts,
                                               const TimesAhead& ahead,
                                               const TimesAhead& beginning) {
  const bool misses = LIDO_TRY(misses_frame(packet, ahead, beginning));
  if (times_pages_) {
    if (packet.pos != std::exchange(page_, packet.pos))
      on_page_before_ = std::exchange(on_page_, 0);
    ++on_page_;
  }
  // The packet may have been lost anywhere on the page before, whose frames are then early.
  if (misses && times_pages_ && started_)
    return Loss{kMissingByTimes, on_page_ - 1 + on_page_before_};
  if (facts.skips_packets && started_)
    return Loss{"packets are missing or damaged, by the structure of the file"};
  const bool gap_in_time = misses && (never_pauses_ || !facts.random_access);
  if (facts.random_access) {
    // Only leading pictures depend on what is missing before a random access point.
    const bool is_first = !std::exchange(started_, true);
    gap_end_ = !is_first && facts.missing_since ? packet.pts : kNoPts;
    if (is_first) return std::nullopt;
    if (facts.missing_since.value_or(0) == 0 && !gap_in_time) return std::nullopt;
  }
  if (!started_) return std::nullopt;
  // The packet before may lack its end.
  if (gap_in_time && never_pauses_)
    return Loss{kMissingByTimes, std::max(facts.missing_since.value_or(0), 1),
                !facts.missing_since};
  if (gap_in_time) return Loss{kMissingByTimes};
  if (facts.missing_since)
    return Loss{"a picture is missing that later ones are predicted from", *facts.missing_since};
  const bool leads = gap_end_ != kNoPts && packet.pts != AV_NOPTS_VALUE && packet.pts < gap_end_;
  if (leads) return Loss{"a picture is missing that later ones are predicted from"};
  return std::nullopt;
}

}  // namespace lido::media
