// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/label_outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "lido/base/counted.h"
#include "lido/dataset/csv.h"

namespace lido::dataset {
namespace {

constexpr size_t kMaxStored = 100;
constexpr size_t kMaxPrinted = 3;

std::string first_of(const std::vector<LostLabel>& labels, int64_t count) {
  std::string text;
  for (size_t i = 0; i < std::min(labels.size(), kMaxPrinted); ++i)
    text += (i > 0 ? "; " : "") + to_string(labels[i]);
  return text + (count > static_cast<int64_t>(kMaxPrinted) ? "; ..." : "");
}

}  // namespace

std::string to_string(const LostLabel& label) {
  const std::string times = label.in_frames
                                ? fmt::format("frames {:.0f} to {:.0f}", label.start_s, label.end_s)
                                : fmt::format("{:.6g} to {:.6g} s", label.start_s, label.end_s);
  return fmt::format("{} {} ({}: {}, {}; {})", label.clip.substr(label.clip.rfind('/') + 1), times,
                     label.task, label.label, label.place, label.reason);
}

void LabelOutcome::add_lost(LostLabel label) {
  const double duration_s = label.in_frames ? 0 : label.end_s - label.start_s;
  ++on_no_sample;
  on_no_sample_s += duration_s;
  missing_s[fmt::format("{}: {}", label.task, label.label)] += duration_s;
  if (lost.size() < kMaxStored) lost.push_back(std::move(label));
}

void LabelOutcome::add_beyond(LostLabel label) {
  ++beyond_end;
  if (beyond.size() < kMaxStored) beyond.push_back(std::move(label));
}

std::vector<std::string> warnings(const LabelOutcome& outcome) {
  std::vector<std::string> lines;
  if (outcome.unmatched.labels > 0)
    lines.push_back(
        fmt::format("{} of {} skipped, because their clips are not in the dataset; the first is {}",
                    outcome.unmatched.labels, counted(outcome.labels, "label"),
                    in_quotes(outcome.unmatched.first_clip)));
  if (outcome.on_no_sample > 0)
    lines.push_back(fmt::format("{} of {} on no sample, {:.6g} s in all: {}", outcome.on_no_sample,
                                counted(outcome.labels, "label"), outcome.on_no_sample_s,
                                first_of(outcome.lost, outcome.on_no_sample)));
  if (outcome.beyond_end > 0)
    lines.push_back(fmt::format("{} of {} past the end of the clip: {}", outcome.beyond_end,
                                counted(outcome.labels, "label"),
                                first_of(outcome.beyond, outcome.beyond_end)));
  for (const auto& [name, duration_s] : outcome.missing_s)
    lines.push_back(fmt::format("no sample has {}, {:.6g} s of labels", name, duration_s));
  return lines;
}

nlohmann::ordered_json lost_json(const std::vector<LostLabel>& labels) {
  auto array = nlohmann::ordered_json::array();
  for (const LostLabel& label : labels) {
    const char* unit = label.in_frames ? "_frame" : "_s";
    array.push_back({{"clip", label.clip},
                     {fmt::format("start{}", unit), label.start_s},
                     {fmt::format("end{}", unit), label.end_s},
                     {"task", label.task},
                     {"label", label.label},
                     {"place", label.place},
                     {"reason", label.reason}});
  }
  return array;
}

}  // namespace lido::dataset
