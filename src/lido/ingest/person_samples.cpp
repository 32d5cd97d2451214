// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/person_samples.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <iterator>

#include "lido/part/cutout.h"
#include "lido/part/sample_writer.h"

namespace lido::ingest {
namespace {

/// A cutout shows a tracked person when its box and the track's have this IoU or more.
constexpr double kMinCutoutIou = 0.3;

/// A cutout shows an interpolated box when it covers this share of the box or more.
constexpr double kMinCovered = 0.7;

/// The source pixels that a cutout shows.
Box view_of(const media::Geometry& g) {
  return {-g.offset_x / g.scale_x, -g.offset_y / g.scale_y, g.width / g.scale_x,
          g.height / g.scale_y};
}

/// The cutout at a sampling time that best matches a box; null for none.
const PlacedImage* best_cutout(const ClipScene& scene, const scene::TrackBox& at) {
  const PlacedImage* best = nullptr;
  double best_iou = kMinCutoutIou, best_covered = kMinCovered;
  const auto [first, last] = scene.cutouts.equal_range(at.k);
  for (auto it = first; it != last; ++it) {
    const double shared = iou(at.box, it->second.image.box);
    if (shared > best_iou) best_iou = shared, best = &it->second;
  }
  if (best != nullptr || at.seen) return best;
  for (auto it = first; it != last; ++it) {
    const Box view = view_of(it->second.image.geometry);
    const double covered = intersection(at.box, view) / std::max(1.0, at.box.area());
    if (covered > best_covered) best_covered = covered, best = &it->second;
  }
  return best;
}

/// A track to cut out.
struct CutTrack {
  std::vector<scene::TrackBox> boxes;
  std::function<const scene::Pose*(int64_t k)> pose_at;  ///< At a sampling time; null for none.
};

/// A track's frames with their cutouts. Calls `add` for each, in order of time.
void visit_frames(const ClipScene& scene, const CutTrack& track,
                  const std::function<void(int64_t k, const PersonFrame& frame)>& add) {
  PersonFrame last;
  int64_t next_k = 0;
  for (const scene::TrackBox& at : track.boxes) {
    PersonFrame frame{at.box, best_cutout(scene, at), at.seen, track.pose_at(at.k)};
    // Without pixels in a gap, the last image, its box and its pose stay.
    if (frame.cutout == nullptr && !at.seen && at.k == next_k)
      frame = {last.box, last.cutout, false, last.pose};
    if (frame.cutout == nullptr) continue;
    add(at.k, frame);
    last = frame;
    next_k = at.k + 1;
  }
}

/// Cuts one track into windows that are `like` one in all but time and frames.
void cut_track(const ClipScene& scene, const CutTrack& track, const dataset::WindowOptions& options,
               const PersonWindow& like, std::vector<PersonWindow>& windows) {
  const auto emit = [&](int64_t start, const std::deque<PersonFrame>& frames,
                        int64_t repeated) -> Result<void> {
    PersonWindow& window = windows.emplace_back(like);
    window.start_k = start;
    window.repeated = repeated;
    window.frames = {frames.begin(), frames.end()};
    return {};
  };
  dataset::WindowCutter<PersonFrame> cutter(options, 0, INT64_MAX);
  visit_frames(scene, track, [&](int64_t k, const PersonFrame& frame) {
    (void)cutter.push(k, false, frame, emit);
  });
  (void)cutter.finish(emit);
}

/// The windows by time, then by track.
std::vector<PersonWindow> sorted(std::vector<PersonWindow> windows) {
  std::ranges::stable_sort(windows, {}, [](const PersonWindow& window) {
    return std::pair(window.start_k, window.track);
  });
  return windows;
}

/// The whole frame that shows where a window's person is: the one at the window's middle, or the
/// last one before in a gap without images. Null for none.
const PlacedImage* context_of(const ClipScene& scene, const PersonWindow& window) {
  const auto length = std::ssize(window.frames);
  const int64_t middle = window.start_k + std::min(length / 2, length - 1 - window.repeated);
  const auto after = scene.contexts.upper_bound(middle);
  return after == scene.contexts.begin() ? nullptr : &std::prev(after)->second;
}

/// The sample of a window, without its images.
/// @param keypoints  Number of keypoints of a person; 0 without a pose network.
part::PartSample sample_of(const PersonWindow& window, const std::string& prefix,
                           size_t keypoints) {
  part::PartSample sample{.key = fmt::format("{}_{:08}_{}{:05}", prefix, window.start_k,
                                             window.is_motion ? "m" : "", window.track),
                          .first_k = window.start_k,
                          .track = window.track,
                          .repeated = window.repeated,
                          .source = window.is_motion ? "motion" : "detector"};
  for (const PersonFrame& frame : window.frames) {
    const media::Geometry& g = frame.cutout->image.geometry;
    const Box& box = frame.box;
    sample.pts.push_back(frame.cutout->image.pts);
    sample.cutouts.insert(sample.cutouts.end(), {g.scale_x, g.scale_y, g.offset_x, g.offset_y});
    sample.boxes.insert(sample.boxes.end(),
                        {box.x * g.scale_x + g.offset_x, box.y * g.scale_y + g.offset_y,
                         box.width * g.scale_x, box.height * g.scale_y});
    sample.seen.push_back(frame.seen);
    part::append_keypoints(sample.keypoints, frame.pose, g, keypoints);
  }
  std::fill(sample.seen.end() - window.repeated, sample.seen.end(), false);
  return sample;
}

}  // namespace

std::vector<PersonWindow> cut_windows(const ClipScene& scene, const scene::Followed& followed,
                                      const dataset::WindowOptions& options, int64_t max_gap,
                                      const std::function<bool(int32_t)>& is_person) {
  std::map<int64_t, std::vector<scene::SeenObject>> sightings;  // by track
  for (const scene::SeenObject& seen : followed.objects) {
    if (seen.track != 0 && is_person(seen.class_id)) sightings[seen.track].push_back(seen);
  }
  std::map<std::pair<int64_t, int64_t>, const scene::Pose*> poses;  // by track and tick
  for (const scene::TrackPose& at : followed.poses) poses[{at.track, at.k}] = &at.pose;
  std::vector<PersonWindow> windows;
  for (const auto& [track_key, seen] : sightings) {
    const int64_t track = track_key;
    const auto pose_at = [&](int64_t k) {
      const auto pose = poses.find({track, k});
      return pose == poses.end() ? nullptr : pose->second;
    };
    const PersonWindow like{.track = track};
    cut_track(scene, {scene::boxes_along(seen, max_gap), pose_at}, options, like, windows);
  }
  return sorted(std::move(windows));
}

std::vector<PersonWindow> cut_moving_windows(const ClipScene& scene,
                                             const scene::Followed& followed,
                                             const dataset::WindowOptions& options,
                                             int64_t max_gap) {
  std::vector<PersonWindow> windows;
  for (size_t i = 0; i < followed.moving.size(); ++i) {
    const PersonWindow like{.track = static_cast<int64_t>(i) + 1, .is_motion = true};
    const CutTrack track{scene::boxes_along(followed.moving[i], max_gap),
                         [](int64_t) { return nullptr; }};
    cut_track(scene, track, options, like, windows);
  }
  return sorted(std::move(windows));
}

Result<void> write_people_part(const JobContext& job, const std::string& name,
                               const ClipRecord& clip, const ClipScene& scene,
                               const std::vector<PersonWindow>& windows) {
  storage::Store& store = job.dataset.store();
  const auto writer = LIDO_TRY(store.create(name, storage::Durability::kProcess));
  const ClipPlan& plan = clip.plan;
  part::SampleWriter samples(*writer, plan.input, plan.info.time_base, job.sampling);
  ClipImageReader images(store, clip);
  const std::string prefix = part::key_prefix(plan.input);
  for (const PersonWindow& window : windows) {
    const size_t keypoints = job.poses == nullptr ? 0 : job.poses->bundle().keypoints.size();
    part::PartSample sample = sample_of(window, prefix, keypoints);
    std::vector<std::string> frames;
    for (const PersonFrame& frame : window.frames)
      frames.push_back(LIDO_TRY(images.read(*frame.cutout)));
    std::string context;
    if (const PlacedImage* placed = context_of(scene, window); placed != nullptr) {
      const part::StoredImage& whole = placed->image;
      context = LIDO_TRY(images.read(*placed));
      sample.geometry = whole.geometry;
      sample.source_width = static_cast<int32_t>(whole.box.width);
      sample.source_height = static_cast<int32_t>(whole.box.height);
    }
    const std::vector<std::string_view> views(frames.begin(), frames.end());
    LIDO_TRY(samples.write(std::move(sample), views, context));
  }
  const auto first = LIDO_TRY(part::read_part(store, clip.span_parts.front()));
  return part::commit_part(
      *writer, {.samples = samples.take_samples(), .start_pts = first ? first->start_pts : 0});
}

}  // namespace lido::ingest
