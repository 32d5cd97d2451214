// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/follow_clips.h"

#include <algorithm>
#include <iterator>

#include "lido/base/parallel.h"
#include "lido/base/reorder_buffer.h"
#include "lido/base/sample_evenly.h"
#include "lido/dataset/jpeg.h"
#include "lido/ingest/clip_scene.h"
#include "lido/ingest/person_samples.h"
#include "lido/ingest/plates.h"
#include "lido/ingest/step.h"
#include "lido/part/scene_rows.h"

namespace lido::ingest {
namespace {

/// The writers of a scene folder's tables.
struct SceneTables {
  dataset::TableWriter<dataset::ObjectRow> objects;
  dataset::TableWriter<dataset::TrackRow> tracks;
  dataset::TableWriter<dataset::MotionRow> motions;
  dataset::TableWriter<dataset::QualityRow> qualities;
  std::optional<dataset::TableWriter<dataset::PoseRow>> poses;  ///< Empty with --poses off.

  static Result<SceneTables> create(storage::Store& store, const std::string& folder,
                                    bool with_poses) {
    std::optional<dataset::TableWriter<dataset::PoseRow>> poses;
    if (with_poses)
      poses = LIDO_TRY(dataset::TableWriter<dataset::PoseRow>::create(
          store, dataset::scene_table<dataset::PoseRow>(folder)));
    return SceneTables{LIDO_TRY(dataset::TableWriter<dataset::ObjectRow>::create(
                           store, dataset::scene_table<dataset::ObjectRow>(folder))),
                       LIDO_TRY(dataset::TableWriter<dataset::TrackRow>::create(
                           store, dataset::scene_table<dataset::TrackRow>(folder))),
                       LIDO_TRY(dataset::TableWriter<dataset::MotionRow>::create(
                           store, dataset::scene_table<dataset::MotionRow>(folder))),
                       LIDO_TRY(dataset::TableWriter<dataset::QualityRow>::create(
                           store, dataset::scene_table<dataset::QualityRow>(folder))),
                       std::move(poses)};
  }
  Result<void> append(part::SceneRows rows) {
    for (auto& row : rows.objects) LIDO_TRY(objects.append(std::move(row)));
    for (auto& row : rows.tracks) LIDO_TRY(tracks.append(std::move(row)));
    for (auto& row : rows.motions) LIDO_TRY(motions.append(std::move(row)));
    for (auto& row : rows.qualities) LIDO_TRY(qualities.append(std::move(row)));
    for (auto& row : rows.poses) LIDO_TRY(poses->append(std::move(row)));
    return {};
  }
  Result<void> commit() {
    LIDO_TRY(objects.commit());
    LIDO_TRY(tracks.commit());
    LIDO_TRY(motions.commit());
    if (poses) LIDO_TRY(poses->commit());
    return qualities.commit();
  }
};

/// A clip that was tracked.
struct FollowedClip {
  ClipRecord clip;
  ClipScene scene = {};  ///< Thumbnails and frame size only.
  part::SceneRows rows = {};
};

/// Records that tracking crashed too often. @return True when the clip has failed.
Result<bool> has_failed(const JobContext& job, ClipRecord& clip) {
  const auto verdict = failures_of(StepKind::kTrack, clip.plan.input.uri).verdict();
  if (!clip.failure && verdict) {
    LIDO_TRY(job.clips.record_failure(clip.number, kTracking, *verdict));
    clip.failure = verdict;
  }
  return clip.failure.has_value();
}

/// Thumbnails of a clip that show what is background.
Result<std::vector<scene::GreyThumbnail>> read_thumbnails(const JobContext& job,
                                                          const ClipRecord& clip,
                                                          const ClipScene& scene) {
  ClipImageReader images(job.dataset.store(), clip);
  std::vector<scene::GreyThumbnail> thumbnails;
  for (const PlacedImage& one : sample_evenly(scene.thumbnails, scene::kMaxStillThumbnails)) {
    const std::string jpeg = LIDO_TRY(images.read(one));
    const auto image = LIDO_TRY(dataset::decode_jpeg(std::as_bytes(std::span(jpeg))));
    thumbnails.push_back({one.image.k, scene::grey_of(image)});
  }
  return thumbnails;
}

Result<FollowedClip> follow_clip(const JobContext& job, size_t number) {
  ClipRecord clip = LIDO_TRY(job.clips.clip(number));
  if (LIDO_TRY(has_failed(job, clip))) return FollowedClip{.clip = std::move(clip)};
  const Step step(StepKind::kTrack, clip.plan.input.uri, clip.plan.input.uri);
  step.heartbeat() |= 1;  // a long clip may take long to track; no decoder runs
  ClipScene scene = LIDO_TRY(read_clip_scene(job, clip));
  const double fps = job.sampling.fps.rate.value();
  const scene::Detector& detector = *job.detector;
  const auto thumbnails = LIDO_TRY(read_thumbnails(job, clip, scene));
  const auto followed =
      scene::follow({scene.observations, thumbnails, fps, scene.width, scene.height}, detector,
                    job.sampling.tracker);
  if (job.sampling.kinds().tracked_people && !clip.span_parts.empty()) {
    const std::string name = clip.span_parts.front() + ".people";
    const int64_t max_gap = job.sampling.max_track_gap();
    auto windows = cut_windows(scene, followed, job.sampling.windows, max_gap,
                               [&](int32_t id) { return detector.is_person(id); });
    if (job.sampling.kinds().moving) {
      std::ranges::move(cut_moving_windows(scene, followed, job.sampling.windows, max_gap),
                        std::back_inserter(windows));
    }
    LIDO_TRY(write_people_part(job, name, clip, scene, windows));
    LIDO_TRY(job.clips.record_people_part(number, name));
  }
  auto rows = part::scene_rows(
      followed, clip.plan.input.uri, fps, detector.bundle().classes,
      job.poses == nullptr ? std::vector<std::string>() : job.poses->bundle().keypoints);
  ClipScene shown{
      .width = scene.width, .height = scene.height, .thumbnails = std::move(scene.thumbnails)};
  return FollowedClip{std::move(clip), std::move(shown), std::move(rows)};
}

}  // namespace

Result<void> follow_clips(const JobContext& job, const std::string& folder) {
  auto tables = LIDO_TRY(SceneTables::create(job.dataset.store(), folder, job.poses != nullptr));
  const size_t clips = LIDO_TRY(job.clips.totals()).clips;
  SceneGallery gallery(job, clips, folder);
  ReorderBuffer<FollowedClip> in_order([&](FollowedClip followed) -> Result<void> {
    LIDO_TRY(gallery.add(followed.clip, followed.scene));
    return tables.append(std::move(followed.rows));
  });
  LIDO_TRY(parallel_for(clips, job.options.workers, job.stop, [&](size_t number) -> Result<void> {
    return in_order.push(number, LIDO_TRY(follow_clip(job, number)));
  }));
  LIDO_TRY(gallery.finish());
  return tables.commit();
}

}  // namespace lido::ingest
