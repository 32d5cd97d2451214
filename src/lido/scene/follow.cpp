// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/follow.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "lido/scene/person_poses.h"

namespace lido::scene {
namespace {

Point centre(const Box& box) { return {box.x + box.width / 2, box.y + box.height / 2}; }

/// Sums up tracks, sighting by sighting, in order of time.
class Summaries {
 public:
  void add(const SeenObject& seen, const Homography& view_from_frame) {
    auto [at, first] = tracks_.try_emplace(seen.track);
    auto& [summary, last] = at->second;
    const Point here = apply(view_from_frame, centre(seen.box));
    if (first) {
      summary = {.track = seen.track, .class_id = seen.class_id, .first_k = seen.k};
    } else {
      const double height = std::max(1.0, seen.box.height);
      summary.path_length += std::hypot(here.x - last.x, here.y - last.y) / height;
    }
    summary.last_k = seen.k;
    ++summary.sightings;
    summary.mean_score += (seen.score - summary.mean_score) / double(summary.sightings);
    last = here;
  }
  std::vector<TrackSummary> take() const {
    std::vector<TrackSummary> all;
    for (const auto& [track, pair] : tracks_) all.push_back(pair.first);
    return all;
  }

 private:
  std::map<int64_t, std::pair<TrackSummary, Point>> tracks_;
};

/// Evidence for each detection of an observation; empty when nothing is known.
std::vector<Evidence> evidence_of(const Observation& observation, const ViewMotion& motion,
                                  const Stillness& stillness) {
  std::vector<Evidence> evidence;
  for (size_t i = 0; i < observation.looks.size(); ++i)
    evidence.push_back(stillness.judge(motion, observation.found[i].box, observation.looks[i]));
  return evidence;
}

}  // namespace

Followed follow(const ObservedClip& clip, const Detector& detector, const TrackerOptions& options) {
  const auto& [observations, thumbnails, fps, width, height] = clip;
  Followed all;
  std::vector<MotionStep> steps;
  std::vector<QualitySample> quality;
  for (const Observation& one : observations) {
    steps.push_back({one.k, one.registration, one.after_cut, one.featureless});
    quality.push_back({one.k, one.after_cut, one.quality});
  }
  const auto motions = follow_motion(steps, fps, width, height);
  all.faults = find_faults(quality, fps);

  const Stillness stillness(thumbnails, motions, fps, width, height);
  const double min_score = detector.options().min_score;
  Tracker tracker(with_scores(options, detector.bundle().scores, min_score), detector.options());
  std::vector<size_t> first_object;  // index in all.objects, by observation
  for (size_t i = 0; i < observations.size(); ++i) {
    const Observation& one = observations[i];
    const bool cut = i == 0 || motions[i].view != motions[i - 1].view || one.after_cut;
    const auto owners =
        tracker.push(static_cast<double>(one.k) / fps, motions[i].previous_from_frame, cut,
                     one.found, evidence_of(one, motions[i], stillness));
    first_object.push_back(all.objects.size());
    for (size_t d = 0; d < owners.size(); ++d) {
      const Detection& found = one.found[d];
      all.objects.push_back({one.k, found.box, found.score, found.class_id, owners[d]});
    }
    for (const Box& box : one.moving) all.objects.push_back({.k = one.k, .box = box});
    for (const auto& first : tracker.take_confirmed()) {
      const size_t at = first_object[static_cast<size_t>(first.call)] + first.detection;
      all.objects[at].track = first.track;
    }
    all.motions.push_back({motions[i], one.registration});
  }
  std::erase_if(all.objects, [&](const SeenObject& seen) {
    return seen.class_id >= 0 && seen.track == 0 && seen.score < static_cast<float>(min_score);
  });
  Summaries summaries;
  size_t at = 0;
  for (const SeenObject& seen : all.objects) {
    while (all.motions[at].motion.k < seen.k) ++at;
    if (seen.track != 0) summaries.add(seen, all.motions[at].motion.view_from_frame);
  }
  all.tracks = summaries.take();
  all.poses = poses_along(observations, all.objects, detector);
  return all;
}

std::vector<TrackBox> boxes_along(const std::vector<SeenObject>& sightings, int64_t max_gap) {
  std::vector<TrackBox> boxes;
  for (const SeenObject& seen : sightings) {
    if (!boxes.empty()) {
      const TrackBox last = boxes.back();
      const int64_t gap = seen.k - last.k - 1;
      for (int64_t k = last.k + 1; gap <= max_gap && k < seen.k; ++k) {
        const double t = static_cast<double>(k - last.k) / static_cast<double>(gap + 1);
        const auto between = [&](double a, double b) { return a + t * (b - a); };
        boxes.push_back(
            {k,
             {between(last.box.x, seen.box.x), between(last.box.y, seen.box.y),
              between(last.box.width, seen.box.width), between(last.box.height, seen.box.height)},
             false});
      }
    }
    boxes.push_back({seen.k, seen.box, true});
  }
  return boxes;
}

namespace {

/// Whether a detection is a person of at least min_score.
bool is_certain_person(const Detection& one, const Detector& detector) {
  return detector.is_person(one.class_id) &&
         one.score >= static_cast<float>(detector.options().min_score);
}

/// Places of recently seen people in the last frame, the latest first.
std::vector<Box> expected_people(std::span<const Observation> recent, const Detector& detector) {
  const Observation& now = recent.back();
  std::vector<Box> expected;
  for (size_t i = recent.size() - 1; i-- > 0;) {
    const Observation& before = recent[i];
    const bool both = now.registration && before.registration &&
                      now.registration->reference_k == before.registration->reference_k;
    const Homography now_from_before = both ? inverse(now.registration->reference_from_frame) *
                                                  before.registration->reference_from_frame
                                            : Homography{};
    for (const Detection& one : before.found) {
      if (is_certain_person(one, detector))
        expected.push_back(both ? apply(now_from_before, one.box) : one.box);
    }
  }
  return expected;
}

/// Whether a box shares more than min_iou with another one.
bool is_near_any(const std::vector<Box>& boxes, const Box& box, double min_iou = 0.2) {
  return std::ranges::any_of(boxes, [&](const Box& other) { return iou(other, box) > min_iou; });
}

}  // namespace

std::vector<Box> cutouts(std::span<const Observation> recent, const Detector& detector) {
  constexpr size_t kMaxCutouts = 40;
  // A track may use the fainter of two boxes, so that each has a cutout of its size.
  constexpr double kCopyIou = 0.5;
  const Observation& now = recent.back();
  std::vector<Box> boxes;
  for (const Detection& one : now.found) {
    if (is_certain_person(one, detector)) boxes.push_back(one.box);
  }
  const auto expected = expected_people(recent, detector);
  for (const Detection& one : now.found) {
    if (detector.is_person(one.class_id) && !is_certain_person(one, detector) &&
        is_near_any(expected, one.box) && !is_near_any(boxes, one.box, kCopyIou))
      boxes.push_back(one.box);
  }
  for (const Box& box : expected) {
    if (!is_near_any(boxes, box)) boxes.push_back(box);
  }
  if (boxes.size() > kMaxCutouts) boxes.resize(kMaxCutouts);
  return boxes;
}

}  // namespace lido::scene
