// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/follow.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>

#include "lido/scene/moving.h"
#include "lido/scene/person_poses.h"

namespace lido::scene {
namespace {

FramePoint centre(const Box& box) { return {box.x + box.width / 2, box.y + box.height / 2}; }

/// Sums up tracks, sighting by sighting, in order of time.
class Summaries {
 public:
  void add(const SeenObject& seen, const Homography& view_from_frame) {
    auto [at, first] = tracks_.try_emplace(seen.track);
    auto& [summary, last] = at->second;
    const FramePoint here = apply(view_from_frame, centre(seen.box));
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
  std::map<int64_t, std::pair<TrackSummary, FramePoint>> tracks_;
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
  all.moving = follow_moving(clip, all, detector, stillness);
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

/// A place where a person was seen, carried on from tick to tick.
struct Place {
  Box box;        ///< Where the person is expected, pixels of the current frame.
  double dx = 0;  ///< Movement of the box in one tick, pixels.
  double dy = 0;
  int64_t seen_k = 0;  ///< Tick of the last sighting.
  int64_t sightings = 0;
  bool is_certain = false;  ///< A sighting had min_score or more.
};

/// Follows people through a few frames, to know where they are expected in the last one.
class Places {
 public:
  explicit Places(const Detector& detector) : detector_(detector) {}

  void add(const Observation& now) {
    move_to(now);
    std::vector<bool> is_taken(now.found.size(), false);
    const size_t before = places_.size();
    std::vector<bool> is_matched(before, false);
    for (const auto& [shared, place, detection] : pairs(now)) {
      if (is_matched[place] || is_taken[detection]) continue;
      is_matched[place] = is_taken[detection] = true;
      see(places_[place], now.found[detection], now.k);
    }
    for (size_t d = 0; d < now.found.size(); ++d) {
      const Detection& one = now.found[d];
      if (is_taken[d] || !detector_.is_person(one.class_id)) continue;
      places_.push_back({.box = one.box, .seen_k = now.k, .sightings = 1});
      places_.back().is_certain = is_certain(one);
    }
    previous_ = &now;
  }

  /// The places, by their first sighting.
  const std::vector<Place>& all() const { return places_; }

 private:
  struct Pair {
    double shared;  ///< IoU.
    size_t place;
    size_t detection;
  };

  bool is_certain(const Detection& one) const {
    return one.score >= static_cast<float>(detector_.options().min_score);
  }

  /// Moves the places by the camera's motion and their own.
  void move_to(const Observation& now) {
    constexpr double kSlowing = 0.8;  // speed kept in each tick without a sighting
    if (previous_ == nullptr) return;
    const Homography motion = now_from(*previous_, now);
    const auto ticks = static_cast<double>(now.k - previous_->k);
    for (Place& place : places_) {
      if (motion != Homography{}) place.box = apply(motion, place.box);
      place.box.x += place.dx * ticks;
      place.box.y += place.dy * ticks;
      if (place.seen_k == previous_->k) continue;
      place.dx *= kSlowing;
      place.dy *= kSlowing;
    }
  }

  /// The camera's motion inside a block. Unknown between blocks: a span that begins with the later
  /// block does not know of the earlier one.
  static Homography now_from(const Observation& before, const Observation& now) {
    if (before.k / kBlock != now.k / kBlock || !now.registration) return {};
    const Homography now_from_reference = inverse(now.registration->reference_from_frame);
    if (now.registration->reference_k == before.k) return now_from_reference;
    const bool has_same =
        before.registration && before.registration->reference_k == now.registration->reference_k;
    if (!has_same) return {};
    return now_from_reference * before.registration->reference_from_frame;
  }

  /// Detections that may show a place's person, the best match first.
  std::vector<Pair> pairs(const Observation& now) const {
    constexpr double kMinIou = 0.1;
    std::vector<Pair> all;
    for (size_t p = 0; p < places_.size(); ++p) {
      for (size_t d = 0; d < now.found.size(); ++d) {
        if (!detector_.is_person(now.found[d].class_id)) continue;
        const double shared = iou(places_[p].box, now.found[d].box);
        if (shared > kMinIou) all.push_back({shared, p, d});
      }
    }
    std::ranges::stable_sort(all, std::greater{}, &Pair::shared);
    return all;
  }

  void see(Place& place, const Detection& found, int64_t k) const {
    const auto ticks = static_cast<double>(std::max<int64_t>(1, k - place.seen_k));
    const FramePoint here = centre(found.box), expected = centre(place.box);
    place.dx += (here.x - expected.x) / ticks / 2;
    place.dy += (here.y - expected.y) / ticks / 2;
    place.box = found.box;
    place.seen_k = k;
    ++place.sightings;
    place.is_certain = place.is_certain || is_certain(found);
  }

  const Detector& detector_;
  const Observation* previous_ = nullptr;
  std::vector<Place> places_;
};

/// Whether a box shares its place with another one.
bool is_near_any(const std::vector<Box>& boxes, const Box& box, double min_iou) {
  return std::ranges::any_of(boxes, [&](const Box& other) { return iou(other, box) > min_iou; });
}

}  // namespace

std::vector<Box> cutouts(std::span<const Observation> recent, const Detector& detector,
                         int64_t max_gap) {
  // A sample of a track takes a cutout with an IoU of 0.3 or more: any box has one that fits.
  constexpr double kCopyIou = 0.5;
  constexpr double kExpectedIou = 0.3;
  const Observation& now = recent.back();
  std::vector<Detection> people;
  std::ranges::copy_if(now.found, std::back_inserter(people),
                       [&](const Detection& one) { return detector.is_person(one.class_id); });
  std::ranges::stable_sort(people, std::greater{}, &Detection::score);
  std::vector<Box> boxes;
  for (const Detection& one : people) {
    if (!is_near_any(boxes, one.box, kCopyIou)) boxes.push_back(one.box);
  }
  Places places(detector);
  for (const Observation& one : recent) places.add(one);
  for (const Place& place : places.all()) {
    const bool is_gone = place.seen_k == now.k || now.k - place.seen_k > max_gap;
    // A faint box that is seen once is noise.
    if (is_gone || (!place.is_certain && place.sightings < 2)) continue;
    if (!is_near_any(boxes, place.box, kExpectedIou)) boxes.push_back(place.box);
  }
  return boxes;
}

}  // namespace lido::scene
