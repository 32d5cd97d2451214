// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/labeller.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "lido/dataset/clip_names.h"

namespace lido::dataset {
namespace {

/// Minimum mean IoU between labelled boxes and a track of the same person.
constexpr double kMinSamePersonIou = 0.3;

/// Returns the label's latest box at a time; NaN before the first box.
Box box_at(const Label& label, double time_s) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  const auto after = std::ranges::upper_bound(label.boxes, time_s + 1e-9, {}, &TimedBox::time_s);
  if (after == label.boxes.begin()) return {kUnknown, kUnknown, kUnknown, kUnknown};
  return (after - 1)->box;
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

/// Returns the label as the sample has it; no value if the label does not belong to the sample.
std::optional<SampleLabel> on_sample(const Label& label, const SampleRow& sample,
                                     const Rational& fps) {
  SampleLabel result{label.task, label.label, 0, label.track, {}};
  const size_t frames = sample.pts.size();
  size_t inside = 0, known = 0;
  double ious = 0;
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
    ious += iou(mapped, {person[0], person[1], person[2], person[3]});
    ++known;
  }
  if (inside == 0) return std::nullopt;
  const bool is_other_person =
      sample.track != 0 && known > 0 && ious < kMinSamePersonIou * static_cast<double>(known);
  if (is_other_person) return std::nullopt;
  result.overlap = static_cast<double>(inside) / static_cast<double>(frames);
  return result;
}

/// Converts frame numbers to seconds.
Result<Label> in_seconds(Label label, const ClipNames::Clip& clip) {
  if (!label.in_frames) return label;
  if (clip.source_fps <= 0) {
    return fail(ErrorCode::kInvalidArgument,
                "{}: the frame rate is unknown, so labels by frame number cannot be used. Convert "
                "the labels to CSV with seconds.",
                clip.name);
  }
  label.start_s /= clip.source_fps;
  label.end_s /= clip.source_fps;
  for (TimedBox& box : label.boxes) box.time_s /= clip.source_fps;
  return label;
}

}  // namespace

bool SampleLabel::operator==(const SampleLabel& other) const {
  const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
  return task == other.task && label == other.label && overlap == other.overlap &&
         track == other.track && std::ranges::equal(boxes, other.boxes, same);
}

Result<Labeller> Labeller::make(const std::vector<Label>& labels, const VisitClips& visit_clips,
                                const Rational& fps, Vocabulary& vocabulary) {
  LIDO_TRY(check_vocabulary(labels, vocabulary));
  Labeller labeller(fps);
  if (labels.empty()) return labeller;
  ClipNames names;
  for (const Label& label : labels) names.request(label.clip);
  LIDO_TRY(visit_clips(
      [&](std::string_view clip, double source_fps) { names.add_clip(clip, source_fps); }));
  for (const Label& label : labels) {
    const auto clip = names.find(label.clip);
    if (!clip && clip.error().code == ErrorCode::kNotFound) {
      if (++labeller.unmatched_.labels == 1) labeller.unmatched_.first_clip = label.clip;
      continue;
    }
    if (!clip) return std::unexpected(clip.error());
    labeller.by_clip_[clip->name].push_back(LIDO_TRY(in_seconds(label, *clip)));
  }
  if (labeller.by_clip_.empty())
    return fail(ErrorCode::kInvalidArgument, "{}", names.find(labels[0].clip).error().message);
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
