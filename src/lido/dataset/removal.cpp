// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/removal.h"

#include <algorithm>

namespace lido::dataset {
namespace {

/// Longest time without a frame inside a sample, for datasets that do not store the option.
constexpr double kDefaultMaxGap_s = 2;

}  // namespace

Removal::Removal(std::vector<Forgotten> records, double fps, double max_gap_s)
    : records_(std::move(records)), fps_(fps), max_gap_s_(max_gap_s) {
  for (size_t i = 0; i < records_.size(); ++i) clips_[records_[i].clip].records.push_back(i);
}

Result<Removal> Removal::make(const Dataset& dataset, int generation,
                              std::vector<Forgotten> records) {
  const Rational fps = LIDO_TRY(dataset.frame_rate());
  const auto& gap = dataset.identity().value("max_gap_s", nlohmann::ordered_json());
  Removal removal(std::move(records), fps.value(),
                  gap.is_number() ? gap.get<double>() : kDefaultMaxGap_s);
  LIDO_TRY(removal.read_clips(dataset, generation));
  LIDO_TRY(removal.read_frame_times(dataset, generation));
  return removal;
}

Result<void> Removal::read_clips(const Dataset& dataset, int generation) {
  return dataset.visit<ClipRow>(generation, [&](const ClipRow& row) -> Result<void> {
    const auto found = clips_.find(row.clip);
    if (found == clips_.end()) return {};
    Clip& clip = found->second;
    clip.tick_s = static_cast<double>(row.time_base_num) / static_cast<double>(row.time_base_den);
    clip.start_pts = row.start_pts;
    clip.frame_s = row.source_fps > 0 ? kShownShare / row.source_fps : max_gap_s_;
    return {};
  });
}

Result<void> Removal::read_frame_times(const Dataset& dataset, int generation) {
  return dataset.visit<SampleRow>(generation, [&](const SampleRow& row) -> Result<void> {
    const auto found = clips_.find(row.clip);
    if (found == clips_.end()) return {};
    Clip& clip = found->second;
    const auto is_whole = [&](size_t record) { return records_[record].is_whole_clip(); };
    if (std::ranges::any_of(clip.records, is_whole)) return {};
    // Only samples that stay count, so that the search after the removal decides as the removal.
    if (!find(row).empty()) return {};
    for (size_t i = 0; i < row.pts.size(); ++i) {
      clip.pts_s[row.first_k + static_cast<int64_t>(i)] =
          static_cast<double>(row.pts[i] - clip.start_pts) * clip.tick_s;
    }
    return {};
  });
}

std::vector<size_t> Removal::find_from(const Clip& clip, double from_s, double to_s,
                                       int64_t last_k) const {
  std::vector<size_t> records;
  for (const size_t i : clip.records) {
    const Forgotten& record = records_[i];
    if (record.removes(from_s, seconds(last_k), clip.frame_s) ||
        record.removes(to_s, seconds(last_k), clip.frame_s))
      records.push_back(i);
  }
  return records;
}

std::vector<size_t> Removal::find_between(const std::string& name, int64_t first_k,
                                          int64_t last_k) const {
  const auto found = clips_.find(name);
  if (found == clips_.end()) return {};
  const Clip& clip = found->second;
  if (const auto known = clip.pts_s.find(first_k); known != clip.pts_s.end())
    return find_from(clip, known->second, known->second, last_k);
  return find_from(clip, earliest_pts_s(clip, first_k), seconds(first_k), last_k);
}

double Removal::earliest_pts_s(const Clip& clip, int64_t k) const {
  const double longest_s = std::max(clip.frame_s, max_gap_s_);
  const double shown_since_s = seconds(k) - longest_s;
  // A frame is no earlier than the one that was on show before.
  const auto after = clip.pts_s.upper_bound(k);
  return after == clip.pts_s.begin() ? shown_since_s
                                     : std::max(shown_since_s, std::prev(after)->second);
}

std::vector<size_t> Removal::find(const SampleRow& row) const {
  const auto found = clips_.find(row.clip);
  if (found == clips_.end()) return {};
  const Clip& clip = found->second;
  std::set<size_t> records;
  for (size_t i = 0; i < row.pts.size(); ++i) {
    const double pts_s = static_cast<double>(row.pts[i] - clip.start_pts) * clip.tick_s;
    const auto one = find_from(clip, pts_s, pts_s, row.first_k + static_cast<int64_t>(i));
    records.insert(one.begin(), one.end());
  }
  return {records.begin(), records.end()};
}

bool Removal::holds_frame(const SampleRow& row, size_t frame) const {
  const auto found = clips_.find(row.clip);
  if (found == clips_.end() || frame >= row.pts.size()) return false;
  const Clip& clip = found->second;
  const double pts_s = static_cast<double>(row.pts[frame] - clip.start_pts) * clip.tick_s;
  return !find_from(clip, pts_s, pts_s, row.first_k + static_cast<int64_t>(frame)).empty();
}

std::vector<size_t> Removal::find(const ScenePlate& plate) const {
  std::set<size_t> records;
  for (const std::string& name : plate.clips) {
    const auto found = clips_.find(name);
    if (found == clips_.end()) continue;
    records.insert(found->second.records.begin(), found->second.records.end());
  }
  return {records.begin(), records.end()};
}

}  // namespace lido::dataset
