// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/labels.h"

#include <algorithm>
#include <array>
#include <optional>
#include <pugixml.hpp>
#include <utility>

#include "lido/dataset/csv.h"

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
  label.task = table.cell("task", row);
  label.label = table.cell("label", row);
  label.track = table.cell("track", row);
  for (const char* name : {"clip", "task", "label"}) {
    if (table.cell(name, row).empty())
      return fail(ErrorCode::kInvalidArgument, "{} is empty", name);
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

Result<std::vector<Label>> parse_intervals(std::string_view bytes) {
  const TextTable table = LIDO_TRY(parse_table(bytes, {"clip", "start_s", "end_s", "task", "label"},
                                               {"track", "x", "y", "width", "height"}));
  std::vector<Label> labels;
  for (size_t row = 0; row < table.rows; ++row) {
    auto label = parse_row(table, row);
    if (!label) return with_context(table.place(row), label.error());
    labels.push_back(std::move(*label));
  }
  return labels;
}

/// A box of a CVAT track.
struct CvatBox {
  double frame = 0;
  Box box;
  bool outside = false;  ///< The object has left the frame.
};

/// @param min_frame  Frame of the box before; this box must be later.
Result<CvatBox> parse_cvat_box(const pugi::xml_node& node, double min_frame) {
  constexpr std::array kNames = {"frame", "xtl", "ytl", "xbr", "ybr"};
  std::array<double, 5> values{};
  for (size_t i = 0; i < kNames.size(); ++i) {
    const auto value = parse_number(node.attribute(kNames[i]).value());
    if (!value) return with_context(fmt::format("a box's {}", kNames[i]), value.error());
    values[i] = *value;
  }
  const auto& [frame, left, top, right, bottom] = values;
  if (frame <= min_frame || right <= left || bottom <= top) {
    return fail(ErrorCode::kInvalidArgument, "the box at frame {} is empty or out of order", frame);
  }
  return CvatBox{
      frame, {left, top, right - left, bottom - top}, node.attribute("outside").as_int() != 0};
}

/// Appends a label for each stretch of a CVAT track in which the object is in the frame.
Result<void> append_cvat_track(const pugi::xml_node& track, const std::string& clip,
                               std::vector<Label>& labels) {
  Label label;
  label.clip = clip;
  label.task = "behaviour";
  label.label = track.attribute("label").value();
  label.track = track.attribute("id").value();
  label.in_frames = true;
  if (label.label.empty()) return fail(ErrorCode::kInvalidArgument, "the track has no label");
  const auto append_until = [&](double end) {
    if (label.boxes.empty()) return;
    label.start_s = label.boxes.front().time_s;
    label.end_s = end;
    labels.push_back(label);
    label.boxes.clear();
  };
  for (const pugi::xml_node node : track.children("box")) {
    constexpr double kBeforeAllFrames = -0.5;
    const double min_frame = label.boxes.empty() ? kBeforeAllFrames : label.boxes.back().time_s;
    const CvatBox box = LIDO_TRY(parse_cvat_box(node, min_frame));
    if (box.outside)
      append_until(box.frame);
    else
      label.boxes.push_back({box.frame, box.box});
  }
  if (!label.boxes.empty()) append_until(label.boxes.back().time_s + 1);
  return {};
}

/// CVAT for video 1.1: tracks of boxes by frame number.
Result<std::vector<Label>> parse_cvat(std::string_view bytes) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(bytes.data(), bytes.size());
  if (!parsed) {
    const auto end = bytes.begin() + std::min<std::ptrdiff_t>(parsed.offset, std::ssize(bytes));
    return fail(ErrorCode::kInvalidArgument, "line {}: broken XML: {}",
                std::count(bytes.begin(), end, '\n') + 1, parsed.description());
  }
  const pugi::xml_node root = document.child("annotations");
  const pugi::xml_node meta = root.child("meta");
  std::string clip = meta.child("task").child_value("source");
  if (clip.empty()) clip = meta.child("job").child_value("source");
  if (clip.empty()) clip = meta.child_value("source");
  if (clip.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "no <annotations> with <meta><task><source>, want CVAT for video 1.1");
  }
  std::vector<Label> labels;
  for (const pugi::xml_node track : root.children("track")) {
    const auto appended = append_cvat_track(track, clip, labels);
    if (!appended)
      return with_context("track " + in_quotes(track.attribute("id").value()), appended.error());
  }
  return labels;
}

}  // namespace

Result<std::vector<Label>> parse_labels(std::string_view bytes) {
  const size_t first = bytes.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (first == std::string_view::npos)
    return fail(ErrorCode::kInvalidArgument, "the file is empty, want labels");
  return bytes[first] == '<' ? parse_cvat(bytes) : parse_intervals(bytes);
}

}  // namespace lido::dataset
