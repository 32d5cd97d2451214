// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/label_coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "lido/dataset/label_shape.h"

namespace lido::dataset {
namespace {

/// Task, label and track.
using LabelName = std::tuple<std::string, std::string, std::string>;

/// One label of a clip, and the sampling times of it that samples show.
struct CountedLabel {
  double start_s = 0;
  double end_s = 0;
  int64_t first_k = 0;
  std::vector<bool> in_samples;  // for each sampling time of the interval
  std::vector<bool> in_person_samples;
};

/// Compares labels with samples, row by row.
class Counter {
 public:
  explicit Counter(double fps) : fps_(fps) {}

  void add_label(const LabelRow& row) {
    CountedLabel label{.start_s = row.start_s, .end_s = row.end_s};
    clips_[row.clip][{row.task, row.label, row.track}].push_back(std::move(label));
  }

  /// Ends the labels with their clip, and counts their sampling times. A label that starts
  /// after the clip's end keeps its length.
  void add_clip(const ClipRow& row) {
    const auto found = clips_.find(row.clip);
    if (found == clips_.end()) return;
    const double frame_s = row.source_fps > 0 ? 1 / row.source_fps : 0;
    const double end_s = row.duration_s + frame_s;
    for (auto& [name, labels] : found->second) {
      for (CountedLabel& label : labels) {
        if (row.duration_s > 0 && label.start_s < end_s) label.end_s = std::min(label.end_s, end_s);
        if (row.duration_s <= 0 || label.start_s >= end_s) continue;
        label.first_k = tick_at(label.start_s);
        auto ticks = static_cast<size_t>(tick_at(label.end_s) - label.first_k);
        if (ticks == 0) {
          label.first_k = closest_tick(label.start_s, label.end_s, fps_);
          ticks = 1;
        }
        label.in_samples.resize(ticks);
        label.in_person_samples.resize(ticks);
      }
    }
  }

  void add_sample(const SampleRow& row) {
    const auto found = clips_.find(row.clip);
    if (found == clips_.end()) return;
    const int64_t end_k = row.first_k + std::ssize(row.pts) - row.repeated;
    std::vector<std::pair<std::string_view, std::string_view>> counted;
    for (const SampleLabel& label : row.labels) {
      const auto labels = found->second.find({label.task, label.label, label.track});
      if (labels == found->second.end()) continue;
      const std::pair<std::string_view, std::string_view> name{label.task, label.label};
      if (std::ranges::find(counted, name) == counted.end()) {
        counted.push_back(name);
        ++samples_[{label.task, label.label}];
      }
      const bool shows_person = row.track != 0 && row.source != "motion";
      for (CountedLabel& one : labels->second) mark(one, row.first_k, end_k, shows_person);
    }
  }

  std::vector<LabelCoverage> finish() const {
    std::map<std::pair<std::string, std::string>, LabelCoverage> all;
    for (const auto& [clip, labels] : clips_) {
      for (const auto& [name, list] : labels) {
        const auto& [task, label, track] = name;
        LabelCoverage& total = all[{task, label}];
        total.task = task;
        total.label = label;
        for (const CountedLabel& one : list) sum_up(one, clip, track, total);
      }
    }
    std::vector<LabelCoverage> coverage;
    for (auto& [name, total] : all) {
      const auto samples = samples_.find(name);
      total.samples = samples == samples_.end() ? 0 : samples->second;
      std::ranges::stable_sort(total.lost, std::greater{}, &LostStretch::seconds);
      if (total.lost.size() > LabelCoverage::kMaxLost) total.lost.resize(LabelCoverage::kMaxLost);
      coverage.push_back(std::move(total));
    }
    return coverage;
  }

 private:
  int64_t tick_at(double time_s) const {
    return static_cast<int64_t>(std::ceil((time_s - 1e-9) * fps_));
  }

  static void mark(CountedLabel& label, int64_t first_k, int64_t end_k, bool shows_person) {
    const int64_t begin = std::max<int64_t>(0, first_k - label.first_k);
    const int64_t end = std::min(std::ssize(label.in_samples), end_k - label.first_k);
    for (int64_t i = begin; i < end; ++i) {
      label.in_samples[static_cast<size_t>(i)] = true;
      if (shows_person) label.in_person_samples[static_cast<size_t>(i)] = true;
    }
  }

  /// Adds a label's seconds. Each sampling time counts for an equal share of the label.
  static void sum_up(const CountedLabel& label, const std::string& clip, const std::string& track,
                     LabelCoverage& total) {
    const double seconds = label.end_s - label.start_s;
    total.labelled_s += seconds;
    const auto lose = [&](double start_s, double end_s) {
      ++total.lost_stretches;
      total.lost.push_back({clip, track, start_s, end_s});
    };
    const size_t ticks = label.in_samples.size();
    if (ticks == 0) return lose(label.start_s, label.end_s);
    const double tick_s = seconds / static_cast<double>(ticks);
    const auto count = [](const std::vector<bool>& bits) {
      return static_cast<double>(std::ranges::count(bits, true));
    };
    total.in_samples_s += tick_s * count(label.in_samples);
    total.in_person_samples_s += tick_s * count(label.in_person_samples);
    const auto time_at = [&](size_t tick) {
      return label.start_s + tick_s * static_cast<double>(tick);
    };
    for (size_t begin = 0; begin < ticks;) {
      size_t end = begin + 1;
      while (end < ticks && label.in_samples[end] == label.in_samples[begin]) ++end;
      if (!label.in_samples[begin]) lose(time_at(begin), time_at(end));
      begin = end;
    }
  }

  double fps_;
  std::map<std::string, std::map<LabelName, std::vector<CountedLabel>>> clips_;
  std::map<std::pair<std::string, std::string>, int64_t> samples_;
};

std::string time_text(double seconds) { return fmt::format("{:.2f}", seconds); }

std::string to_string(const LostStretch& lost) {
  const std::string person = lost.track.empty() ? "" : fmt::format(", person {}", lost.track);
  return fmt::format("{} {}-{} s{}", lost.clip.substr(lost.clip.rfind('/') + 1),
                     time_text(lost.start_s), time_text(lost.end_s), person);
}

}  // namespace

Result<std::vector<LabelCoverage>> label_coverage(const Dataset& dataset, int generation,
                                                  const WantsClip& wants_clip) {
  const Rational fps = LIDO_TRY(dataset.frame_rate());
  Counter counter(fps.value());
  bool has_labels = false;
  LIDO_TRY(dataset.visit<LabelRow>(generation, [&](const LabelRow& row) -> Result<void> {
    if (wants_clip && !wants_clip(row.clip)) return {};
    has_labels = true;
    counter.add_label(row);
    return {};
  }));
  if (!has_labels) return std::vector<LabelCoverage>();
  LIDO_TRY(dataset.visit<ClipRow>(generation, [&](const ClipRow& row) -> Result<void> {
    counter.add_clip(row);
    return {};
  }));
  LIDO_TRY(dataset.visit<SampleRow>(generation, [&](const SampleRow& row) -> Result<void> {
    counter.add_sample(row);
    return {};
  }));
  return counter.finish();
}

std::vector<std::string> coverage_lines(const std::vector<LabelCoverage>& coverage) {
  constexpr size_t kMaxPrinted = 3;
  std::vector<std::string> lines;
  if (coverage.empty()) return lines;
  lines.push_back(fmt::format("{:<32}{:>12}{:>12}{:>8}{:>12}{:>10}", "seconds of label", "labelled",
                              "in samples", "share", "one person", "samples"));
  for (const LabelCoverage& one : coverage) {
    const double share = one.labelled_s > 0 ? 100 * one.in_samples_s / one.labelled_s : 0;
    lines.push_back(fmt::format("{:<32}{:>12.1f}{:>12.1f}{:>7.0f}%{:>12.1f}{:>10}",
                                one.task + ": " + one.label, one.labelled_s, one.in_samples_s,
                                std::floor(share), one.in_person_samples_s, one.samples));
    std::string lost;
    for (size_t i = 0; i < std::min(one.lost.size(), kMaxPrinted); ++i)
      lost += (i > 0 ? "; " : "") + to_string(one.lost[i]);
    if (one.lost_stretches > static_cast<int64_t>(kMaxPrinted))
      lost += fmt::format("; and {} more", one.lost_stretches - static_cast<int64_t>(kMaxPrinted));
    if (!lost.empty()) lines.push_back("  in no sample: " + lost);
  }
  lines.emplace_back("one person: seconds in samples that are cut out along one person");
  return lines;
}

nlohmann::ordered_json coverage_json(const std::vector<LabelCoverage>& coverage) {
  auto array = nlohmann::ordered_json::array();
  for (const LabelCoverage& one : coverage) {
    auto lost = nlohmann::ordered_json::array();
    for (const LostStretch& stretch : one.lost) {
      lost.push_back({{"clip", stretch.clip},
                      {"track", stretch.track},
                      {"start_s", stretch.start_s},
                      {"end_s", stretch.end_s}});
    }
    array.push_back({{"task", one.task},
                     {"label", one.label},
                     {"labelled_s", one.labelled_s},
                     {"in_samples_s", one.in_samples_s},
                     {"in_person_samples_s", one.in_person_samples_s},
                     {"samples", one.samples},
                     {"lost_stretches", one.lost_stretches},
                     {"lost", std::move(lost)}});
  }
  return array;
}

std::vector<LabelCoverage> parse_coverage(const nlohmann::ordered_json& json) {
  std::vector<LabelCoverage> coverage;
  for (const auto& one : json) {
    if (!one.is_object()) continue;
    LabelCoverage entry{.task = one.value("task", ""),
                        .label = one.value("label", ""),
                        .labelled_s = one.value("labelled_s", 0.0),
                        .in_samples_s = one.value("in_samples_s", 0.0),
                        .in_person_samples_s = one.value("in_person_samples_s", 0.0),
                        .samples = one.value("samples", int64_t{0}),
                        .lost_stretches = one.value("lost_stretches", int64_t{0}),
                        .lost = {}};
    const auto lost = one.value("lost", nlohmann::ordered_json::array());
    for (const auto& stretch : lost) {
      if (!stretch.is_object()) continue;
      entry.lost.push_back({stretch.value("clip", ""), stretch.value("track", ""),
                            stretch.value("start_s", 0.0), stretch.value("end_s", 0.0)});
    }
    coverage.push_back(std::move(entry));
  }
  return coverage;
}

std::vector<LabelRow> cut_forgotten(const LabelRow& label, const std::vector<Forgotten>& records) {
  std::vector<LabelRow> pieces = {label};
  for (const Forgotten& record : records) {
    if (record.clip != label.clip) continue;
    std::vector<LabelRow> kept;
    for (const LabelRow& piece : pieces) {
      if (record.end_s <= piece.start_s || record.start_s >= piece.end_s) {
        kept.push_back(piece);
        continue;
      }
      if (record.start_s > piece.start_s) {
        kept.push_back(piece);
        kept.back().end_s = record.start_s;
      }
      if (record.end_s < piece.end_s) {
        kept.push_back(piece);
        kept.back().start_s = record.end_s;
      }
    }
    pieces = std::move(kept);
  }
  return pieces;
}

}  // namespace lido::dataset
