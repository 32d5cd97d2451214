// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/labels.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <pugixml.hpp>

#include "lido/dataset/clip_names.h"
#include "lido/dataset/csv.h"

namespace lido::dataset {
namespace {

std::unexpected<Error> refuse(size_t row, const std::string& what) {
  return fail(ErrorCode::kInvalidArgument, "row {}: {}", row + 1, what);
}

Result<std::vector<Label>> parse_intervals(std::string_view bytes) {
  const TextTable table = LIDO_TRY(parse_table(bytes, {"clip", "start_s", "end_s", "task", "label"},
                                               {"track", "x", "y", "width", "height"}));
  std::vector<Label> labels;
  for (size_t row = 0; row < table.rows; ++row) {
    Label label;
    label.clip = table.cell("clip", row);
    label.task = table.cell("task", row);
    label.label = table.cell("label", row);
    label.track = table.cell("track", row);
    for (const auto& [name, value] :
         {std::pair{"clip", &label.clip}, {"task", &label.task}, {"label", &label.label}}) {
      if (value->empty()) return refuse(row, fmt::format("{} is empty", name));
    }
    const auto start = parse_number(table.cell("start_s", row));
    const auto end = parse_number(table.cell("end_s", row));
    if (!start || !end)
      return refuse(row, (start ? end : start).error().message + ", want seconds");
    if (*start < 0 || *end <= *start) {
      return refuse(row, fmt::format("from {} s to {} s, want 0 <= start_s < end_s", *start, *end));
    }
    label.start_s = *start;
    label.end_s = *end;
    if (!table.cell("x", row).empty()) {
      const auto x = parse_number(table.cell("x", row)), y = parse_number(table.cell("y", row));
      const auto width = parse_number(table.cell("width", row)),
                 height = parse_number(table.cell("height", row));
      if (!x || !y || !width || !height || *width <= 0 || *height <= 0) {
        return refuse(row, "the box is not whole, want x, y, width and height in pixels");
      }
      label.boxes.push_back({label.start_s, {*x, *y, *width, *height}});
    }
    labels.push_back(std::move(label));
  }
  return labels;
}

/// CVAT for video 1.1: tracks of boxes by frame number.
Result<std::vector<Label>> parse_cvat(std::string_view bytes) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(bytes.data(), bytes.size());
  if (!parsed) {
    return fail(ErrorCode::kInvalidArgument, "broken XML at byte {}: {}", parsed.offset,
                parsed.description());
  }
  const pugi::xml_node root = document.child("annotations");
  std::string clip = root.child("meta").child("task").child_value("source");
  if (clip.empty()) clip = root.child("meta").child("job").child_value("source");
  if (clip.empty()) clip = root.child("meta").child_value("source");
  if (!root || clip.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "no <annotations> with <meta><task><source>, want CVAT for video 1.1");
  }
  std::vector<Label> labels;
  for (const pugi::xml_node track : root.children("track")) {
    Label label;
    label.clip = clip;
    label.task = "behaviour";
    label.label = track.attribute("label").value();
    label.track = track.attribute("id").value();
    label.in_frames = true;
    if (label.label.empty()) {
      return fail(ErrorCode::kInvalidArgument, "track \"{}\" has no label", label.track);
    }
    const auto finish = [&](double end) {
      if (!label.boxes.empty()) {
        label.start_s = label.boxes.front().time_s;
        label.end_s = end;
        labels.push_back(label);
      }
      label.boxes.clear();
    };
    for (const pugi::xml_node box : track.children("box")) {
      std::array<double, 5> values{};
      constexpr std::array kNames = {"frame", "xtl", "ytl", "xbr", "ybr"};
      for (size_t i = 0; i < kNames.size(); ++i) {
        const auto value = parse_number(box.attribute(kNames[i]).value());
        if (!value) {
          return fail(ErrorCode::kInvalidArgument, "track \"{}\": a box's {} is {}", label.track,
                      kNames[i], value.error().message);
        }
        values[i] = *value;
      }
      const bool in_order =
          values[0] >= 0 && (label.boxes.empty() || values[0] > label.boxes.back().time_s);
      if (!in_order || values[3] <= values[1] || values[4] <= values[2]) {
        return fail(ErrorCode::kInvalidArgument,
                    "track \"{}\": the box at frame {} is empty or out of order", label.track,
                    values[0]);
      }
      if (box.attribute("outside").as_int() != 0) {
        finish(values[0]);
        continue;
      }
      label.boxes.push_back(
          {values[0], {values[1], values[2], values[3] - values[1], values[4] - values[2]}});
    }
    if (!label.boxes.empty()) finish(label.boxes.back().time_s + 1);
  }
  return labels;
}

/// Mean overlap from which a labelled box and a track are taken to be of one person.
constexpr double kSamePerson = 0.3;

/// The label's box at a time: the last one not after it.
Box box_at(const Label& label, double time_s) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  const auto after = std::ranges::upper_bound(label.boxes, time_s + 1e-9, {}, &TimedBox::time_s);
  if (after == label.boxes.begin()) return {kUnknown, kUnknown, kUnknown, kUnknown};
  return (after - 1)->box;
}

/// How upright source pixels lie in one frame of a sample.
struct FrameMap {
  double scale_x, scale_y, offset_x, offset_y;
  Box operator()(const Box& box) const {
    return {box.x * scale_x + offset_x, box.y * scale_y + offset_y, box.width * scale_x,
            box.height * scale_y};
  }
};

FrameMap map_of(const SampleRow& sample, size_t frame) {
  if (sample.track == 0 || sample.cutouts.size() != 4 * sample.pts.size())
    return {sample.scale_x, sample.scale_y, sample.offset_x, sample.offset_y};
  const double* cutout = &sample.cutouts[4 * frame];
  return {cutout[0], cutout[1], cutout[2], cutout[3]};
}

std::optional<SampleLabel> on_sample(const Label& label, const SampleRow& sample,
                                     const Rational& fps) {
  SampleLabel result{label.task, label.label, 0, label.track, {}};
  const size_t frames = sample.pts.size();
  size_t inside = 0, known = 0;
  double overlaps = 0;
  for (size_t i = 0; i < frames; ++i) {
    const double time_s =
        static_cast<double>(sample.first_k + static_cast<int64_t>(i)) / fps.value();
    const bool in = time_s >= label.start_s - 1e-9 && time_s < label.end_s - 1e-9;
    inside += in ? 1 : 0;
    if (label.boxes.empty()) continue;
    const Box box = in ? box_at(label, time_s) : Box{NAN, NAN, NAN, NAN};
    const Box mapped = map_of(sample, i)(box);
    result.boxes.insert(result.boxes.end(), {mapped.x, mapped.y, mapped.width, mapped.height});
    if (sample.boxes.size() != 4 * frames || std::isnan(mapped.x)) continue;
    const double* person = &sample.boxes[4 * i];
    overlaps += overlap(mapped, {person[0], person[1], person[2], person[3]});
    ++known;
  }
  if (inside == 0) return std::nullopt;
  // A label with boxes speaks of one person: is it this one?
  const bool somebody_else =
      sample.track != 0 && known > 0 && overlaps < kSamePerson * static_cast<double>(known);
  if (somebody_else) return std::nullopt;
  result.overlap = static_cast<double>(inside) / static_cast<double>(frames);
  return result;
}

Result<void> check_vocabulary(const std::vector<Label>& labels, Vocabulary& vocabulary) {
  const bool open = vocabulary.empty();
  for (const Label& label : labels) {
    if (open) vocabulary[label.task].insert(label.label);
    const auto task = vocabulary.find(label.task);
    if (task == vocabulary.end()) {
      std::vector<std::string> tasks;
      for (const auto& [name, unused] : vocabulary) tasks.push_back(name);
      return fail(ErrorCode::kInvalidArgument, "unknown task \"{}\", this dataset has: {}",
                  label.task, fmt::join(tasks, ", "));
    }
    if (!task->second.contains(label.label)) {
      return fail(ErrorCode::kInvalidArgument,
                  "unknown label \"{}\" of task {}, this dataset has: {}", label.label, label.task,
                  fmt::join(task->second, ", "));
    }
  }
  return {};
}

}  // namespace

bool SampleLabel::operator==(const SampleLabel& other) const {
  const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
  return task == other.task && label == other.label && overlap == other.overlap &&
         track == other.track && std::ranges::equal(boxes, other.boxes, same);
}

Result<std::vector<Label>> parse_labels(std::string_view bytes) {
  const size_t first = bytes.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (first == std::string_view::npos)
    return fail(ErrorCode::kInvalidArgument, "the file is empty");
  return bytes[first] == '<' ? parse_cvat(bytes) : parse_intervals(bytes);
}

Result<Vocabulary> parse_vocabulary(std::string_view text) {
  Vocabulary vocabulary;
  while (!text.empty()) {
    const size_t end = std::min(text.find(';'), text.size());
    std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t equals = part.find('=');
    if (equals == 0 || equals == std::string_view::npos || equals + 1 == part.size()) {
      return fail(ErrorCode::kInvalidArgument,
                  "classes hold \"{}\", want TASK=LABEL,LABEL;TASK=...", part);
    }
    auto& labels = vocabulary[std::string(part.substr(0, equals))];
    part.remove_prefix(equals + 1);
    while (!part.empty()) {
      const size_t comma = std::min(part.find(','), part.size());
      if (comma > 0) labels.emplace(part.substr(0, comma));
      part.remove_prefix(std::min(comma + 1, part.size()));
    }
  }
  return vocabulary;
}

Result<Labeller> Labeller::make(const std::vector<Label>& labels, const VisitClips& visit_clips,
                                const Rational& fps, Vocabulary& vocabulary) {
  LIDO_TRY(check_vocabulary(labels, vocabulary));
  Labeller labeller(fps);
  if (labels.empty()) return labeller;
  ClipNames names;
  for (const Label& label : labels) names.want(label.clip);
  LIDO_TRY(visit_clips(
      [&](std::string_view clip, double fps_of_clip) { names.take(clip, fps_of_clip); }));
  for (const Label& label : labels) {
    const auto found = names.find(label.clip);
    if (!found) return fail(ErrorCode::kInvalidArgument, "labels: {}", found.error().message);
    const ClipNames::Found& clip = *found;
    Label timed = label;
    if (label.in_frames) {
      if (clip.source_fps <= 0) {
        return fail(ErrorCode::kInvalidArgument,
                    "{}: its frame rate is not known, so labels by frame number cannot be used",
                    clip.clip);
      }
      timed.start_s /= clip.source_fps;
      timed.end_s /= clip.source_fps;
      for (TimedBox& box : timed.boxes) box.time_s /= clip.source_fps;
    }
    labeller.by_clip_[clip.clip].push_back(std::move(timed));
  }
  return labeller;
}

bool Labeller::apply(SampleRow& sample) const {
  const auto found = by_clip_.find(sample.clip);
  if (found == by_clip_.end()) return false;
  std::vector<SampleLabel> labels;
  for (const Label& label : found->second) {
    if (auto on = on_sample(label, sample, fps_)) labels.push_back(std::move(*on));
  }
  if (labels == sample.labels) return false;
  sample.labels = std::move(labels);
  return true;
}

}  // namespace lido::dataset
