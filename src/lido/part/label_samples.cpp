// SPDX-License-Identifier: Apache-2.0
#include "lido/part/label_samples.h"

#include <algorithm>
#include <utility>

#include "lido/part/cutout.h"

namespace lido::part {

namespace {

/// Whether a box, which may have no width or height, shares a pixel with an image.
bool is_in_image(const Box& box, const media::UprightSize& image) {
  const auto overlaps = [](double low, double length, int end) {
    return low < end && (length > 0 ? low + length > 0 : low >= 0);
  };
  return overlaps(box.x, box.width, image.width) && overlaps(box.y, box.height, image.height);
}

}  // namespace

LabelSamples::LabelSamples(SampleWriter& samples,
                           const std::vector<dataset::LabelledPerson>& people,
                           const SampleOptions& sampling, const SpanReach& reach,
                           std::string key_prefix)
    : samples_(samples), sampling_(sampling), key_prefix_(std::move(key_prefix)) {
  for (const dataset::LabelledPerson& one : people) {
    people_.push_back({.labelled = &one,
                       .cutter = dataset::WindowCutter<Cutout>(
                           sampling.windows, reach.first_k, reach.own_end_k, reach.window_end_k)});
  }
}

void LabelSamples::set_poses(scene::PoseSession session, size_t keypoints) {
  poses_ = std::move(session);
  keypoints_ = keypoints;
}

/// The people with a box in the image of a sampling time.
std::vector<LabelSamples::Person*> LabelSamples::people_at(int64_t k,
                                                           const media::UprightSize& image) {
  std::vector<Person*> people;
  for (Person& person : people_) {
    const auto& boxes = person.labelled->boxes;
    while (person.next < boxes.size() && boxes[person.next].k < k) ++person.next;
    if (person.next < boxes.size() && boxes[person.next].k == k &&
        is_in_image(boxes[person.next].box, image))
      people.push_back(&person);
  }
  return people;
}

/// The poses of people in one frame; null without a network. Batches end with the frame, so that
/// they do not depend on where a clip is divided.
Result<std::vector<std::shared_ptr<const scene::Pose>>> LabelSamples::find_poses(
    const media::Frame& frame, const std::vector<Person*>& people) {
  std::vector<std::shared_ptr<const scene::Pose>> poses(people.size());
  if (!poses_) return poses;
  const auto emit = [&](size_t number, scene::Pose pose) {
    poses[number] = std::make_shared<scene::Pose>(std::move(pose));
  };
  for (size_t i = 0; i < people.size(); ++i) {
    const Person& person = *people[i];
    LIDO_TRY(poses_->push(frame, person.labelled->boxes[person.next].box, i, emit));
  }
  LIDO_TRY(poses_->flush(emit));
  return poses;
}

Result<void> LabelSamples::add(int64_t k, bool after_cut, const media::Frame& frame) {
  for (Person& person : people_) person.was_cut = person.was_cut || after_cut;
  const auto people = people_at(k, media::upright_size(frame));
  if (people.empty()) return {};
  const auto poses = LIDO_TRY(find_poses(frame, people));
  const auto context_geometry = media::shrunk_geometry(frame, kContextSide);
  const auto context = std::make_shared<std::string>(LIDO_TRY(
      encoder_.encode(context_converter_.convert(frame, context_geometry), sampling_.quality)));
  for (size_t i = 0; i < people.size(); ++i) {
    Person& person = *people[i];
    Cutout cutout = LIDO_TRY(cut_out(frame, person.labelled->boxes[person.next]));
    cutout.pose = poses[i];
    cutout.context_geometry = context_geometry;
    cutout.context = context;
    const auto emit = [&](int64_t start, const std::deque<Cutout>& window, int64_t repeated) {
      return write(person, start, window, repeated);
    };
    const bool is_cut = std::exchange(person.was_cut, false);
    LIDO_TRY(person.cutter.push(k, is_cut, std::move(cutout), emit));
  }
  return {};
}

Result<void> LabelSamples::finish() {
  for (Person& person : people_) {
    LIDO_TRY(person.cutter.finish(
        [&](int64_t start, const std::deque<Cutout>& window, int64_t repeated) {
          return write(person, start, window, repeated);
        }));
  }
  return {};
}

Result<LabelSamples::Cutout> LabelSamples::cut_out(const media::Frame& frame,
                                                   const dataset::LabelledBox& labelled) {
  Cutout cutout{.box = labelled.box,
                .seen = labelled.seen,
                .pts = frame.pts,
                .geometry = cutout_geometry(labelled.box, sampling_.person_size),
                .source = media::upright_size(frame)};
  cutout.jpeg = std::make_shared<std::string>(
      LIDO_TRY(encoder_.encode(converter_.convert(frame, cutout.geometry), sampling_.quality)));
  return cutout;
}

Result<void> LabelSamples::write(const Person& person, int64_t start,
                                 const std::deque<Cutout>& window, int64_t repeated) {
  const dataset::LabelledPerson& labelled = *person.labelled;
  const Cutout& middle = window[window.size() / 2];
  PartSample sample{.key = fmt::format("{}_{:08}_l{:05}", key_prefix_, start, labelled.number),
                    .first_k = start,
                    .source_width = middle.source.width,
                    .source_height = middle.source.height,
                    .geometry = middle.context_geometry,
                    .track = labelled.number,
                    .repeated = repeated,
                    .source = "label",
                    .person = labelled.name};
  const auto whole = static_cast<int64_t>(window.size()) - repeated;
  std::vector<std::string_view> frames;
  for (const Cutout& cutout : window) {
    const auto& [width, height, sx, sy, ox, oy] = cutout.geometry;
    const Box& box = cutout.box;
    sample.seen.push_back(cutout.seen && std::ssize(frames) < whole);
    frames.push_back(*cutout.jpeg);
    sample.pts.push_back(cutout.pts);
    sample.cutouts.insert(sample.cutouts.end(), {sx, sy, ox, oy});
    sample.boxes.insert(sample.boxes.end(),
                        {box.x * sx + ox, box.y * sy + oy, box.width * sx, box.height * sy});
    append_keypoints(sample.keypoints, cutout.pose.get(), cutout.geometry, keypoints_);
  }
  return samples_.write(std::move(sample), frames, *middle.context);
}

}  // namespace lido::part
