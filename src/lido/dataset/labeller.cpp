// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/labeller.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "lido/dataset/clip_names.h"
#include "lido/dataset/clip_time.h"
#include "lido/dataset/label_boxes.h"
#include "lido/storage/store.h"

namespace lido::dataset {
namespace {

/// A label that ends this long after its clip is reported: people round up to whole seconds.
constexpr double kMaxBeyond_s = 1;

/// Minimum mean IoU between labelled boxes and a track of the same person.
constexpr double kMinSamePersonIou = 0.3;

/// Returns the label's box at a time; NaN where there is none.
Box box_at(const Label& label, double time_s) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  if (label.track_boxes) {
    return box_between(*label.track_boxes, time_s)
        .value_or(Box{kUnknown, kUnknown, kUnknown, kUnknown});
  }
  const auto after = std::ranges::upper_bound(label.boxes, time_s + 1e-9, {}, &TimedBox::time_s);
  if (after == label.boxes.begin()) return {kUnknown, kUnknown, kUnknown, kUnknown};
  return (after - 1)->box;
}

/// Returns how well a labelled box fits a person's box, 0 to 1. A point fits the boxes around it.
double fit_of(const Box& label, const Box& person) {
  if (label.width > 0 && label.height > 0) return iou(label, person);
  const double x = label.x + label.width / 2, y = label.y + label.height / 2;
  const bool is_inside = x >= person.x && x <= person.x + person.width && y >= person.y &&
                         y <= person.y + person.height;
  return is_inside ? 1 : 0;
}

/// Maps upright source pixels to pixels of one frame of a sample.
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

/// Returns the time of a frame of a sample in the unit of a label; no value for a frame that the
/// label does not hold.
using TimeInLabel = std::function<std::optional<double>(size_t frame)>;

/// Returns the label as the sample has it; no value if the label does not belong to the sample.
std::optional<SampleLabel> on_sample(const Label& label, const SampleRow& sample,
                                     const TimeInLabel& time_of) {
  SampleLabel result{label.task, label.label, 0, label.track, {}};
  const size_t frames = sample.pts.size();
  // Copies of the last frame at the end show nothing more of a label.
  const size_t shown = frames - std::min(static_cast<size_t>(sample.repeated), frames - 1);
  size_t inside = 0, known = 0;
  double fits = 0;
  for (size_t i = 0; i < frames; ++i) {
    const auto time = time_of(i);
    inside += time && i < shown ? 1 : 0;
    if (!has_boxes(label)) continue;
    const Box box = time ? box_at(label, *time) : Box{NAN, NAN, NAN, NAN};
    const Box mapped = map_of(sample, i)(box);
    result.boxes.insert(result.boxes.end(), {mapped.x, mapped.y, mapped.width, mapped.height});
    if (sample.boxes.size() != 4 * frames || std::isnan(mapped.x)) continue;
    const double* person = &sample.boxes[4 * i];
    fits += fit_of(mapped, {person[0], person[1], person[2], person[3]});
    ++known;
  }
  if (inside == 0) return std::nullopt;
  if (!sample.person.empty() && sample.person == label.track) fits = static_cast<double>(known);
  const bool is_other_person =
      sample.track != 0 && known > 0 && fits < kMinSamePersonIou * static_cast<double>(known);
  if (is_other_person) return std::nullopt;
  result.overlap = static_cast<double>(inside) / static_cast<double>(shown);
  return result;
}

/// Returns the PTS of frame n, which may be past the clip's end.
double tick_of(const media::FrameTimes& times, double frame) {
  const size_t count = times.pts.size();
  if (frame < static_cast<double>(count))
    return static_cast<double>(times.pts[static_cast<size_t>(std::max(0.0, frame))]);
  const auto first = static_cast<double>(times.pts.front());
  const auto last = static_cast<double>(times.pts.back());
  constexpr double kUsualRate = 25;
  const double ticks_in_second =
      static_cast<double>(times.time_base.den) / static_cast<double>(times.time_base.num);
  const double step =
      count > 1 ? (last - first) / static_cast<double>(count - 1) : ticks_in_second / kUsualRate;
  return last + step * (frame - static_cast<double>(count - 1));
}

}  // namespace

Result<media::FrameTimes> read_frame_times(const std::string& clip) {
  const auto reader = LIDO_TRY(storage::open_reader(clip));
  return media::frame_times(*reader);
}

bool SampleLabel::operator==(const SampleLabel& other) const {
  const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
  return task == other.task && label == other.label && overlap == other.overlap &&
         track == other.track && std::ranges::equal(boxes, other.boxes, same);
}

Result<Labeller> Labeller::make(const std::vector<Label>& labels, const VisitClips& visit_clips,
                                const Rational& fps, Vocabulary& vocabulary,
                                const ReadFrameTimes& read_frame_times) {
  LIDO_TRY(check_vocabulary(labels, vocabulary));
  Labeller labeller(fps);
  labeller.all_labels_ = std::ssize(labels);
  if (!labels.empty()) LIDO_TRY(labeller.match(labels, visit_clips));
  LIDO_TRY(labeller.place(read_frame_times));
  labeller.used_ = std::make_shared<std::vector<std::atomic<bool>>>(labeller.labels_.size());
  return labeller;
}

/// Finds the clips of labels.
Result<void> Labeller::match(const std::vector<Label>& labels, const VisitClips& visit_clips) {
  ClipNames names;
  for (const Label& label : labels) names.request(label.clip);
  LIDO_TRY(visit_clips([&](std::string_view clip) { names.add_clip(clip); }));
  for (const Label& label : labels) {
    auto clip = names.find(label.clip);
    if (!clip && clip.error().code == ErrorCode::kNotFound) {
      if (++unmatched_.labels == 1) unmatched_.first_clip = label.clip;
      continue;
    }
    if (!clip) return with_context(label.place, clip.error());
    labels_.push_back({.label = label,
                       .clip = std::move(clip->name),
                       .start_s = label.start_s,
                       .end_s = label.end_s});
  }
  return {};
}

/// Converts frame numbers to ticks, and makes the labels of each clip known to apply().
Result<void> Labeller::place(const ReadFrameTimes& read_frame_times) {
  std::map<std::string, media::FrameTimes> times_by_clip;
  for (size_t i = 0; i < labels_.size(); ++i) {
    PlacedLabel& placed = labels_[i];
    if (unreadable_.contains(placed.clip)) continue;
    if (placed.label.in_frames && !times_by_clip.contains(placed.clip)) {
      auto times = read_frame_times(placed.clip);
      const bool is_for_now = !times && (times.error().code == ErrorCode::kUnavailable ||
                                         times.error().code == ErrorCode::kCancelled);
      if (is_for_now) return std::unexpected(times.error());
      if (!times) {
        unreadable_[placed.clip] = times.error().message;
        by_clip_.erase(placed.clip);
        continue;
      }
      times_by_clip[placed.clip] = *std::move(times);
    }
    by_clip_[placed.clip].push_back(i);
    if (placed.label.in_frames) place_in_ticks(placed, times_by_clip[placed.clip]);
    const Run ticks = ticks_of(placed);
    if (ticks.begin >= ticks.end)
      placed.only_k = closest_tick(placed.start_s, placed.end_s, fps_.value());
  }
  return {};
}

void Labeller::place_in_ticks(PlacedLabel& placed, const media::FrameTimes& times) {
  const double tick_s = times.time_base.value();
  const auto first = static_cast<double>(times.pts.front());
  Label& label = placed.label;
  label.start_s = tick_of(times, label.start_s);
  label.end_s = tick_of(times, label.end_s);
  for (TimedBox& box : label.boxes) box.time_s = tick_of(times, box.time_s);
  placed.in_ticks = true;
  placed.first_pts = times.pts.front();
  placed.time_base = times.time_base;
  placed.start_s = (label.start_s - first) * tick_s;
  placed.end_s = (label.end_s - first) * tick_s;
}

bool Labeller::apply(SampleRow& sample) const {
  const auto found = by_clip_.find(sample.clip);
  if (found == by_clip_.end()) return false;
  std::vector<SampleLabel> labels = labels_on(sample, found->second);
  if (labels == sample.labels) return false;
  sample.labels = std::move(labels);
  return true;
}

std::vector<SampleLabel> Labeller::labels_on(const SampleRow& sample,
                                             const std::vector<size_t>& candidates) const {
  const int64_t last = std::ssize(sample.pts) - 1 - sample.repeated;
  const auto k_of = [&](size_t frame) {
    return sample.first_k + std::min(static_cast<int64_t>(frame), last);
  };
  const auto time_in = [&](const PlacedLabel& placed, size_t frame) -> std::optional<double> {
    const Label& label = placed.label;
    const double time = placed.in_ticks ? static_cast<double>(sample.pts[frame])
                                        : static_cast<double>(k_of(frame)) / fps_.value();
    const bool is_in = time >= label.start_s - 1e-9 && time < label.end_s - 1e-9;
    if (is_in) return time;
    return placed.only_k == k_of(frame) ? std::optional(label.start_s) : std::nullopt;
  };
  const bool is_named = !sample.person.empty() && std::ranges::any_of(candidates, [&](size_t i) {
    return labels_[i].label.track == sample.person;
  });
  std::vector<SampleLabel> labels;
  for (const size_t i : candidates) {
    const PlacedLabel& placed = labels_[i];
    const std::string& track = placed.label.track;
    if (is_named && !track.empty() && track != sample.person) continue;
    auto on = on_sample(placed.label, sample, [&](size_t frame) { return time_in(placed, frame); });
    if (!on) continue;
    labels.push_back(std::move(*on));
    (*used_)[i].store(true, std::memory_order_relaxed);
  }
  return labels;
}

int64_t Labeller::tick_at(const PlacedLabel& placed, double time) const {
  if (placed.in_ticks) {
    return SampleGrid(placed.first_pts, placed.time_base, fps_)
        .first_at_or_after(static_cast<int64_t>(std::ceil(time)));
  }
  constexpr double kFarthest = 1e15;
  return static_cast<int64_t>(std::min(kFarthest, std::ceil((time - 1e-9) * fps_.value())));
}

Run Labeller::ticks_of(const PlacedLabel& placed) const {
  if (placed.only_k) return {*placed.only_k, *placed.only_k + 1};
  return {std::max<int64_t>(0, tick_at(placed, placed.label.start_s)),
          tick_at(placed, placed.label.end_s)};
}

std::vector<LabelledBox> Labeller::boxes_on_grid(const PlacedLabel& placed, int64_t end_k) const {
  const Label& label = placed.label;
  std::vector<LabelledBox> boxes;
  const Run ticks = ticks_of(placed);
  const SampleGrid grid(placed.first_pts, placed.in_ticks ? placed.time_base : Rational{1, 1},
                        fps_);
  const double half_tick_s = 0.5 / fps_.value() + 1e-6;
  for (int64_t k = ticks.begin; k < std::min(end_k, ticks.end); ++k) {
    const double time = placed.only_k     ? label.start_s
                        : placed.in_ticks ? static_cast<double>(grid.pts_at(k))
                                          : static_cast<double>(k) / fps_.value();
    const Box box = box_at(label, time);
    if (!(box.width > 0 && box.height > 0)) continue;  // a point, or unknown
    const auto is_near = [&](const TimedBox& one) {
      return std::abs(one.time_s - time) <= half_tick_s;
    };
    const auto near = [&](const std::vector<TimedBox>& all) {
      const auto at = std::ranges::lower_bound(all, time - half_tick_s, {}, &TimedBox::time_s);
      return at != all.end() && is_near(*at);
    };
    boxes.push_back({k, box, !label.track_boxes || near(*label.track_boxes)});
  }
  return boxes;
}

LabelShape Labeller::shape(const std::string& clip, int64_t end_k) const {
  LabelShape shape;
  const auto found = by_clip_.find(clip);
  if (found == by_clip_.end()) return shape;
  std::map<std::string, std::map<int64_t, LabelledBox>> named;
  std::vector<LabelledPerson> unnamed;
  for (const size_t i : found->second) {
    const PlacedLabel& placed = labels_[i];
    auto boxes = boxes_on_grid(placed, end_k);
    const std::string& track = placed.label.track;
    if (boxes.empty()) {
      const Run ticks = ticks_of(placed);
      shape.frames.push_back({ticks.begin, std::min(end_k, ticks.end)});
    } else if (track.empty()) {
      unnamed.push_back({.boxes = std::move(boxes)});
    } else {
      for (const LabelledBox& one : boxes) named[track].try_emplace(one.k, one);
    }
  }
  for (const auto& [name, boxes] : named) {
    LabelledPerson person{.name = name, .number = std::ssize(shape.people) + 1, .boxes = {}};
    for (const auto& [k, box] : boxes) person.boxes.push_back(box);
    shape.people.push_back(std::move(person));
  }
  for (LabelledPerson& person : unnamed) {
    person.number = std::ssize(shape.people) + 1;
    shape.people.push_back(std::move(person));
  }
  shape.frames = joined(std::move(shape.frames));
  return shape;
}

std::vector<LabelRow> Labeller::rows() const {
  std::vector<LabelRow> rows;
  for (const auto& [clip, positions] : by_clip_) {
    for (const size_t i : positions) {
      const PlacedLabel& placed = labels_[i];
      rows.push_back({clip, placed.start_s, placed.end_s, placed.label.task, placed.label.label,
                      placed.label.track});
    }
  }
  return rows;
}

namespace {

/// Where a clip of labels ends and what is left out of it.
struct ClipExtent {
  double end_s = 0;
  int64_t samples = 0;
  std::vector<GapRow> gaps;

  /// Returns the first gap in a stretch; null where there is none.
  const GapRow* gap_in(double from_s, double to_s) const {
    const auto found = std::ranges::find_if(gaps, [&](const GapRow& gap) {
      // The header's duration may be too short, or unknown.
      const double gap_end_s = gap.end_k < 0 ? INFINITY : gap.end_s;
      return gap.start_s < to_s && from_s < gap_end_s;
    });
    return found == gaps.end() ? nullptr : &*found;
  }
};

Result<std::map<std::string, ClipExtent>> read_extents(const Dataset& dataset, int generation,
                                                       const std::set<std::string>& clips) {
  std::map<std::string, ClipExtent> extents;
  for (const std::string& clip : clips) extents.try_emplace(clip);
  LIDO_TRY(dataset.visit<ClipRow>(generation, [&](const ClipRow& row) -> Result<void> {
    const auto found = extents.find(row.clip);
    if (found == extents.end()) return {};
    found->second.end_s = clip_end_s(row.duration_s, row.source_fps);
    found->second.samples = row.samples;
    return {};
  }));
  LIDO_TRY(dataset.visit<GapRow>(generation, [&](const GapRow& row) -> Result<void> {
    const auto found = extents.find(row.clip);
    if (found != extents.end()) found->second.gaps.push_back(row);
    return {};
  }));
  return extents;
}

/// Returns why no sample has a label.
std::string reason_of(double start_s, double end_s, const ClipExtent& clip) {
  if (clip.samples == 0) return "the clip has no samples";
  if (const GapRow* gap = clip.gap_in(start_s, end_s))
    return fmt::format("the clip is broken from {:.2f} s{}: {}", gap->start_s,
                       gap->end_k < 0 ? std::string() : fmt::format(" to {:.2f} s", gap->end_s),
                       gap->reason);
  if (start_s > clip.end_s) return fmt::format("the clip ends at {:.2f} s", clip.end_s);
  return "no sample is there";
}

}  // namespace

Result<LabelOutcome> Labeller::outcome(const Dataset& dataset, int generation) const {
  std::set<std::string> clips;
  for (const PlacedLabel& placed : labels_) clips.insert(placed.clip);
  auto extents = LIDO_TRY(read_extents(dataset, generation, clips));
  LabelOutcome outcome{.labels = all_labels_, .unmatched = unmatched_};
  std::set<std::string> present;
  for (size_t i = 0; i < labels_.size(); ++i) {
    const PlacedLabel& placed = labels_[i];
    const ClipExtent& extent = extents[placed.clip];
    const auto unreadable = unreadable_.find(placed.clip);
    LostLabel lost{.clip = placed.clip,
                   .start_s = placed.start_s,
                   .end_s = placed.end_s,
                   .task = placed.label.task,
                   .label = placed.label.label,
                   .place = placed.label.place,
                   .in_frames = placed.label.in_frames && !placed.in_ticks};
    const std::string name = fmt::format("{}: {}", lost.task, lost.label);
    if ((*used_)[i].load(std::memory_order_relaxed)) {
      present.insert(name);
      const double end_s = extent.end_s;
      lost.reason = fmt::format("the clip ends at {:.2f} s", end_s);
      // The label may be right where a fault of the file hides the footage.
      const bool is_beyond = end_s > 0 && placed.end_s > end_s + kMaxBeyond_s &&
                             extent.gap_in(end_s, placed.end_s) == nullptr;
      if (is_beyond) outcome.add_beyond(std::move(lost));
      continue;
    }
    lost.reason = unreadable == unreadable_.end()
                      ? reason_of(placed.start_s, placed.end_s, extent)
                      : "its frames cannot be read: " + unreadable->second;
    outcome.add_lost(std::move(lost));
  }
  for (const std::string& name : present) outcome.missing_s.erase(name);
  return outcome;
}

}  // namespace lido::dataset
