// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/labels.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

#include "lido/base/counted.h"
#include "lido/base/utf8.h"
#include "lido/dataset/csv.h"
#include "lido/dataset/cvat.h"
#include "lido/dataset/label_boxes.h"
#include "lido/storage/store.h"

namespace lido::dataset {
namespace {

/// Reads the box of a row. @return No value if the row has none.
Result<std::optional<Box>> parse_box(const TextTable& table, size_t row) {
  constexpr std::array kColumns = {"x", "y", "width", "height"};
  std::array<double, 4> values{};
  size_t empty = 0;
  for (size_t i = 0; i < kColumns.size(); ++i) {
    const std::string_view cell = table.cell(kColumns[i], row);
    empty += cell.empty() ? 1 : 0;
    if (cell.empty()) continue;
    const auto value = parse_number(cell);
    if (!value) return with_context(kColumns[i], value.error());
    values[i] = *value;
  }
  if (empty == kColumns.size()) return std::nullopt;
  if (empty > 0 || values[2] <= 0 || values[3] <= 0) {
    return fail(ErrorCode::kInvalidArgument,
                "the box is not whole, want x, y, width and height in pixels, width and height "
                "above 0");
  }
  return Box{values[0], values[1], values[2], values[3]};
}

Result<Label> parse_row(const TextTable& table, size_t row) {
  Label label;
  label.clip = table.cell("clip", row);
  label.task = class_name(table.cell("task", row));
  label.label = class_name(table.cell("label", row));
  label.track = table.cell("track", row);
  for (const auto& [name, value] : {std::pair{"clip", &label.clip}, std::pair{"task", &label.task},
                                    std::pair{"label", &label.label}}) {
    if (value->empty()) return fail(ErrorCode::kInvalidArgument, "{} is empty", name);
  }
  for (const auto& [name, value] :
       {std::pair{"start_s", &label.start_s}, std::pair{"end_s", &label.end_s}}) {
    const auto seconds = parse_number(table.cell(name, row));
    if (!seconds)
      return fail(ErrorCode::kInvalidArgument, "{}: {}, want seconds", name,
                  seconds.error().message);
    *value = *seconds;
  }
  if (label.start_s < 0 || label.end_s <= label.start_s) {
    return fail(ErrorCode::kInvalidArgument, "from {} s to {} s, want 0 <= start_s < end_s",
                label.start_s, label.end_s);
  }
  if (const auto box = LIDO_TRY(parse_box(table, row)))
    label.boxes.push_back({label.start_s, *box});
  return label;
}

/// Removes rows that are equal to an earlier one. @return The place of the first; empty if none is.
std::pair<size_t, std::string> drop_repeated(std::vector<Label>& labels) {
  std::vector<size_t> order(labels.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto key = [&](size_t i) {
    const Label& label = labels[i];
    const Box box = label.boxes.empty() ? Box{} : label.boxes[0].box;
    return std::tuple(std::string_view(label.clip), label.start_s, label.end_s,
                      std::string_view(label.task), std::string_view(label.label),
                      std::string_view(label.track), label.boxes.size(), box.x, box.y, box.width,
                      box.height);
  };
  const auto before = [&](size_t a, size_t b) { return key(a) < key(b); };
  std::ranges::stable_sort(order, before);
  std::vector<bool> repeated(labels.size());
  size_t first = labels.size(), count = 0;
  for (size_t i = 1; i < order.size(); ++i) {
    if (before(order[i - 1], order[i])) continue;
    repeated[order[i]] = true;
    first = std::min(first, order[i]);
    ++count;
  }
  if (count == 0) return {};
  const std::string place = labels[first].place;
  size_t kept = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (repeated[i]) continue;
    if (kept != i) labels[kept] = std::move(labels[i]);
    ++kept;
  }
  labels.resize(kept);
  return {count, place};
}

Result<LabelsFile> parse_intervals(std::string_view bytes) {
  const TextTable table = LIDO_TRY(parse_table(bytes, {"clip", "start_s", "end_s", "task", "label"},
                                               {"track", "x", "y", "width", "height"}));
  LabelsFile file;
  for (size_t row = 0; row < table.rows; ++row) {
    auto label = parse_row(table, row);
    if (!label) return with_context(table.place(row), label.error());
    label->place = table.place(row);
    file.labels.push_back(std::move(*label));
  }
  if (table.rows == 0) file.remarks.emplace_back("no labels, only a header");
  if (const auto [count, place] = drop_repeated(file.labels); count > 0)
    file.remarks.push_back(fmt::format("{} an earlier one and {} once, the first: {}",
                                       counted(count, "row repeats", "rows repeat"),
                                       count == 1 ? "counts" : "count", place));
  return file;
}

}  // namespace

std::string class_name(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return "";
  return nfc(text.substr(first, text.find_last_not_of(kBlanks) + 1 - first));
}

Result<LabelsFile> parse_labels(std::string_view bytes) {
  const size_t first = bytes.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (first == std::string_view::npos)
    return fail(ErrorCode::kInvalidArgument, "the file is empty, want labels");
  return bytes[first] == '<' ? parse_cvat(bytes) : parse_intervals(bytes);
}

Result<LabelsFile> read_labels(const std::string& uri, const std::string& boxes_uri) {
  constexpr int64_t kMaxBytes = int64_t{4} << 30;
  const auto reader = LIDO_TRY(storage::open_reader(uri));
  const auto bytes = storage::read_all(*reader, kMaxBytes);
  if (!bytes) return with_context(uri, bytes.error());
  auto file = parse_labels(*bytes);
  if (!file) return with_context(uri, file.error());
  if (!boxes_uri.empty()) LIDO_TRY(read_label_boxes(*file, boxes_uri));
  return file;
}

}  // namespace lido::dataset
