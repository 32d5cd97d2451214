// SPDX-License-Identifier: Apache-2.0
#include "lido/report/report_data.h"

#include <algorithm>

#include "lido/base/sample_evenly.h"

namespace lido::report {
namespace {

using dataset::ClipRow;
using dataset::RejectedRow;
using dataset::SampleRow;
using dataset::SkippedRow;

constexpr size_t kMaxStrips = 24;
constexpr size_t kMaxTimelines = 60;

Result<ShownClips> choose_clips(const dataset::Dataset& dataset,
                                const dataset::Generation& generation) {
  ShownClips clips;
  LIDO_TRY(dataset.visit<ClipRow>(generation.number, [&](const auto& row) -> Result<void> {
    clips.with_samples += row.samples > 0 ? 1 : 0;
    clips.duration_s += row.duration_s;
    clips.max_duration_s = std::max(clips.max_duration_s, row.duration_s);
    clips.frames += row.frames;
    clips.left_over += row.left_over;
    return {};
  }));
  LIDO_TRY(dataset.visit<SkippedRow>(generation.number, [&](const auto& row) -> Result<void> {
    clips.skipped_s += row.end_s - row.start_s;
    return {};
  }));
  EvenSampler strips(clips.with_samples, kMaxStrips), timelines(generation.clips, kMaxTimelines);
  LIDO_TRY(dataset.visit<ClipRow>(generation.number, [&](const auto& row) -> Result<void> {
    if (row.samples > 0 && strips.picks_next()) clips.strips.push_back(row);
    if (timelines.picks_next()) clips.timelines.push_back(row);
    return {};
  }));
  std::ranges::sort(clips.strips, {}, &ClipRow::clip);
  std::ranges::sort(clips.timelines, {}, &ClipRow::clip);
  return clips;
}

Result<RejectedClips> read_rejected(const dataset::Dataset& dataset, int generation,
                                    const ShownClips& clips) {
  RejectedClips rejected;
  LIDO_TRY(dataset.visit<RejectedRow>(generation, [&](const auto& row) -> Result<void> {
    if (std::ranges::binary_search(clips.timelines, row.clip, {}, &ClipRow::clip))
      rejected.broken_at_s[row.clip] = row.time_s;
    if (rejected.first.size() < kMaxRejected) rejected.first.push_back(row);
    return {};
  }));
  std::string last_clip;  // the gaps of one clip follow each other
  LIDO_TRY(dataset.visit<dataset::GapRow>(generation, [&](const auto& row) -> Result<void> {
    rejected.broken += row.clip != last_clip;
    last_clip = row.clip;
    ++rejected.gaps;
    rejected.gap_s += row.end_s - row.start_s;
    if (std::ranges::binary_search(clips.timelines, row.clip, {}, &ClipRow::clip))
      rejected.gaps_of[row.clip].push_back({row.start_s, row.end_s});
    if (rejected.first_gaps.size() < kMaxRejected) rejected.first_gaps.push_back(row);
    return {};
  }));
  return rejected;
}

/// Sums samples, row by row in the order of the manifest.
class SampleReader {
 public:
  explicit SampleReader(const ShownClips& clips) {
    for (const auto* rows : {&clips.strips, &clips.timelines}) {
      for (const auto& row : *rows) totals_.clips[row.clip].total = row.samples;
    }
  }

  void add(SampleRow& row) {
    totals_.bytes += row.length;
    totals_.shards.insert(row.shard);
    ++totals_.samples[row.split];
    totals_.groups[row.split].insert(row.group);
    std::set<std::string> names;
    for (const auto& label : row.labels) names.insert(full_name(label));
    if (names.empty()) add_label("no label", row);
    for (const std::string& name : names) add_label(name, row);
    add_to_clip(row, names);
  }

  SampleTotals finish() { return std::move(totals_); }

 private:
  void add_label(const std::string& name, const SampleRow& row) {
    LabelCounts& counts = totals_.labels[name];
    ++counts.samples[row.split];
    // Windows of a clip overlap, so only the time after the last window counts.
    auto& [clip, end_s] = last_window_[name];
    const double start_s = clip == row.clip ? std::max(row.start_s, end_s) : row.start_s;
    counts.covered_s += std::max(0.0, row.end_s - start_s);
    end_s = clip == row.clip ? std::max(end_s, row.end_s) : row.end_s;
    clip = row.clip;
  }

  void add_to_clip(SampleRow& row, const std::set<std::string>& names) {
    const auto found = totals_.clips.find(row.clip);
    if (found == totals_.clips.end()) return;
    ShownSamples& samples = found->second;
    extend(samples.covered, row.start_s, row.end_s);
    for (const std::string& name : names) extend(samples.labelled[name], row.start_s, row.end_s);
    const int64_t number = samples.seen++;
    const auto frames = spread_frames(samples.total, row.pts.size(), kMaxStripFrames);
    if (std::ranges::find(frames, number, &SampleFrame::sample) != frames.end())
      samples.by_number.emplace(number, std::move(row));
  }

  SampleTotals totals_;
  std::map<std::string, std::pair<std::string, double>> last_window_;  // Clip and end, by label.
};

}  // namespace

std::string full_name(const dataset::SampleLabel& label) {
  return fmt::format("{}: {}", label.task, label.label);
}

std::vector<SampleFrame> spread_frames(int64_t samples, size_t window, size_t max_frames) {
  const int64_t total = samples * static_cast<int64_t>(window);
  const auto frames = std::min<int64_t>(static_cast<int64_t>(max_frames), total);
  std::vector<SampleFrame> spread;
  for (int64_t i = 0; i < frames; ++i) {
    const int64_t position = frames > 1 ? i * (total - 1) / (frames - 1) : 0;
    spread.push_back(
        {position / static_cast<int64_t>(window), static_cast<size_t>(position) % window});
  }
  return spread;
}

Result<ReportData> read_report_data(const dataset::Dataset& dataset,
                                    const dataset::Generation& generation) {
  ReportData data;
  data.clips = LIDO_TRY(choose_clips(dataset, generation));
  data.rejected = LIDO_TRY(read_rejected(dataset, generation.number, data.clips));
  SampleReader reader(data.clips);
  LIDO_TRY(dataset.visit<SampleRow>(generation.number, [&](SampleRow& row) -> Result<void> {
    reader.add(row);
    return {};
  }));
  data.samples = reader.finish();
  data.coverage = LIDO_TRY(dataset::label_coverage(dataset, generation.number));
  return data;
}

}  // namespace lido::report
