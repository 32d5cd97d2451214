// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/label_boxes.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <utility>

#include "lido/base/counted.h"
#include "lido/dataset/csv.h"
#include "lido/storage/store.h"

namespace lido::dataset {
namespace {

/// Clip and track, as the file has them.
using TrackName = std::pair<std::string, std::string>;
using BoxesByTrack = std::map<TrackName, std::shared_ptr<std::vector<TimedBox>>>;

Result<TimedBox> parse_timed_box(const TextTable& table, size_t row) {
  constexpr std::array kColumns = {"time_s", "x", "y", "width", "height"};
  std::array<double, kColumns.size()> values{};
  for (size_t i = 0; i < kColumns.size(); ++i) {
    const auto value = parse_number(table.cell(kColumns[i], row));
    if (!value) return with_context(kColumns[i], value.error());
    values[i] = *value;
  }
  const auto [time_s, x, y, width, height] = values;
  if (time_s < 0) return fail(ErrorCode::kInvalidArgument, "time_s is {}, want 0 or more", time_s);
  if (width <= 0 || height <= 0) {
    return fail(ErrorCode::kInvalidArgument, "the box is {} x {} pixels, want more than 0", width,
                height);
  }
  return TimedBox{time_s, {x, y, width, height}};
}

Result<BoxesByTrack> parse_boxes(std::string_view bytes) {
  const TextTable table =
      LIDO_TRY(parse_table(bytes, {"clip", "track", "time_s", "x", "y", "width", "height"}, {}));
  BoxesByTrack boxes;
  for (size_t row = 0; row < table.rows; ++row) {
    for (const char* name : {"clip", "track"}) {
      if (table.cell(name, row).empty())
        return fail(ErrorCode::kInvalidArgument, "{}: {} is empty", table.place(row), name);
    }
    const auto box = parse_timed_box(table, row);
    if (!box) return with_context(table.place(row), box.error());
    auto& track =
        boxes[{std::string(table.cell("clip", row)), std::string(table.cell("track", row))}];
    if (!track) track = std::make_shared<std::vector<TimedBox>>();
    track->push_back(*box);
  }
  for (auto& [name, track] : boxes) {
    std::ranges::stable_sort(*track, {}, &TimedBox::time_s);
    const auto same = std::ranges::adjacent_find(*track, {}, &TimedBox::time_s);
    if (same != track->end()) {
      return fail(ErrorCode::kInvalidArgument,
                  "track {} of clip {} has two boxes at {} s, want one", in_quotes(name.second),
                  in_quotes(name.first), same->time_s);
    }
  }
  return boxes;
}

}  // namespace

Result<void> add_label_boxes(LabelsFile& file, std::string_view bytes) {
  BoxesByTrack boxes = LIDO_TRY(parse_boxes(bytes));
  std::map<TrackName, bool> is_used;
  for (const auto& [name, track] : boxes) is_used[name] = false;
  for (Label& label : file.labels) {
    const auto found = boxes.find({label.clip, label.track});
    if (found == boxes.end()) continue;
    is_used[found->first] = true;
    if (label.boxes.empty()) label.track_boxes = found->second;
  }
  const auto unused =
      std::ranges::count(is_used, false, [](const auto& one) { return one.second; });
  if (unused == 0) return {};
  const auto first = std::ranges::find(is_used, false, [](const auto& one) { return one.second; });
  file.remarks.push_back(fmt::format("the boxes of {} belong to no label; the first is {} of {}",
                                     counted(unused, "track"), in_quotes(first->first.second),
                                     in_quotes(first->first.first)));
  return {};
}

Result<void> read_label_boxes(LabelsFile& file, const std::string& uri) {
  constexpr int64_t kMaxBytes = int64_t{4} << 30;
  const auto reader = LIDO_TRY(storage::open_reader(uri));
  const auto bytes = storage::read_all(*reader, kMaxBytes);
  if (!bytes) return with_context(uri, bytes.error());
  const auto added = add_label_boxes(file, *bytes);
  if (!added) return with_context(uri, added.error());
  return {};
}

std::optional<Box> box_between(const std::vector<TimedBox>& boxes, double time_s) {
  constexpr double kRounding_s = 1e-6;
  const auto after = std::ranges::lower_bound(boxes, time_s - kRounding_s, {}, &TimedBox::time_s);
  const bool has_after = after != boxes.end(), has_before = after != boxes.begin();
  if (has_after && after->time_s <= time_s + kRounding_s) return after->box;
  if (has_before && has_after) {
    const TimedBox& a = *(after - 1);
    const double gap_s = after->time_s - a.time_s;
    if (gap_s <= kMaxBoxGap_s + kRounding_s) {
      const double t = (time_s - a.time_s) / gap_s;
      const auto between = [&](double p, double q) { return p + t * (q - p); };
      const Box& b = after->box;
      return Box{between(a.box.x, b.x), between(a.box.y, b.y), between(a.box.width, b.width),
                 between(a.box.height, b.height)};
    }
  }
  if (has_before && time_s - (after - 1)->time_s <= kMaxHold_s) return (after - 1)->box;
  if (has_after && after->time_s - time_s <= kMaxHold_s) return after->box;
  return std::nullopt;
}

}  // namespace lido::dataset
