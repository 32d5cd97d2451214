// SPDX-License-Identifier: Apache-2.0
#include "lido/report/scene_clip.h"

#include <algorithm>
#include <cmath>
#include <deque>

#include "lido/base/sample_evenly.h"
#include "lido/dataset/table.h"
#include "lido/infer/catalog.h"
#include "lido/media/extract.h"
#include "lido/media/probe.h"
#include "lido/part/scene_rows.h"
#include "lido/report/drawn_clip.h"
#include "lido/scene/draw.h"
#include "lido/scene/hands.h"
#include "lido/storage/output_folder.h"
#include "lido/storage/reader.h"
#include "lido/storage/store.h"

namespace lido::report {
namespace {

constexpr double kPath_s = 5;  // length of the path that is drawn behind a track

struct DrawnNames {
  const std::vector<std::string>& classes;
  const std::vector<std::string>& keypoints;
};

/// Draws detections, tracks and poses into the frames of a second pass, in order of time.
class FrameDrawer {
 public:
  /// @param names  Class names of the detector and names of the keypoints.
  FrameDrawer(const scene::Followed& followed, const DrawnNames& names, double fps)
      : followed_(followed),
        classes_(names.classes),
        limbs_(scene::limbs(names.keypoints)),
        fps_(fps) {}

  void draw(int64_t k, media::Image& image, const media::Geometry& geometry) {
    std::vector<scene::DrawnBox> boxes;
    const auto& objects = followed_.objects;
    while (object_ < objects.size() && objects[object_].k < k) ++object_;
    for (; object_ < objects.size() && objects[object_].k == k; ++object_) {
      const scene::SeenObject& seen = objects[object_];
      scene::DrawnBox box{.box = seen.box, .track = seen.track, .moved_only = seen.class_id < 0};
      if (seen.class_id >= 0) {
        box.text = classes_[static_cast<size_t>(seen.class_id)];
        if (seen.track != 0) box.text += fmt::format(" {}", seen.track);
      }
      boxes.push_back(std::move(box));
      if (seen.track == 0) continue;
      auto& path = paths_[seen.track];
      path.emplace_back(k, scene::FramePoint{seen.box.x + seen.box.width / 2, seen.box.bottom()});
    }
    const auto& motions = followed_.motions;
    while (motion_ < motions.size() && motions[motion_].motion.k < k) ++motion_;
    std::string caption = fmt::format("{:.2f} s", static_cast<double>(k) / fps_);
    if (motion_ < motions.size())
      caption += fmt::format("  camera {}", name_of(motions[motion_].motion.motion));
    for (const scene::FaultSpan& fault : followed_.faults) {
      if (fault.begin <= k && k < fault.end) caption += fmt::format("  {}", name_of(fault.fault));
    }
    std::vector<scene::DrawnPath> drawn;
    for (auto& [track, path] : paths_) {
      const auto oldest = k - static_cast<int64_t>(kPath_s * fps_);
      while (!path.empty() && path.front().first < oldest) path.pop_front();
      scene::DrawnPath line{.track = track};
      for (const auto& [unused, point] : path) line.points.emplace_back(point.x, point.y);
      if (line.points.size() > 1) drawn.push_back(std::move(line));
    }
    scene::draw(image, geometry, boxes, drawn, caption);
    scene::draw_poses(image, geometry, poses_at(k));
  }

 private:
  std::vector<scene::DrawnPose> poses_at(int64_t k) {
    std::vector<scene::DrawnPose> drawn;
    const auto& poses = followed_.poses;
    while (pose_ < poses.size() && poses[pose_].k < k) ++pose_;
    for (; pose_ < poses.size() && poses[pose_].k == k; ++pose_)
      drawn.push_back({poses[pose_].track, poses[pose_].pose.keypoints, limbs_});
    return drawn;
  }

  const scene::Followed& followed_;
  const std::vector<std::string>& classes_;
  std::vector<std::pair<size_t, size_t>> limbs_;
  double fps_;
  size_t object_ = 0;
  size_t motion_ = 0;
  size_t pose_ = 0;
  std::map<int64_t, std::deque<std::pair<int64_t, scene::FramePoint>>> paths_;
};

/// A pass over a clip's sampled frames.
struct FramePass {
  storage::Reader& reader;
  const media::ExtractRequest& request;
  std::function<void(int64_t)> on_frames;  ///< Receives the ticks done so far.
  std::stop_token stop;
};

Result<void> write_video(const FramePass& pass, const scene::Followed& followed,
                         const DrawnNames& names, storage::Store& store) {
  const auto start = [&] {
    return [drawer = FrameDrawer(followed, names, pass.request.fps.value())](
               int64_t k, media::Image& image, const media::Geometry& geometry) mutable {
      drawer.draw(k, image, geometry);
    };
  };
  return write_drawn_clip({pass.reader, pass.request, start, pass.on_frames, pass.stop}, store,
                          "drawn.mp4");
}

SceneClipSummary summarise(const scene::Followed& followed, const part::SceneRows& rows,
                           double fps) {
  SceneClipSummary summary{.frames = std::ssize(followed.motions)};
  summary.poses = std::ssize(rows.poses);
  summary.seconds = static_cast<double>(summary.frames) / fps;
  for (const auto& track : rows.tracks) ++summary.tracks[track.class_name];
  for (const auto& motion : rows.motions) ++summary.motions[motion.motion];
  for (const auto& fault : rows.qualities)
    summary.faults[fault.fault] += fault.end_s - fault.start_s;
  for (const auto& object : rows.objects) summary.proposals += object.source == "motion" ? 1 : 0;
  return summary;
}

/// Observations of a whole clip; none when no frame could be read.
struct ClipView {
  std::vector<scene::Observation> observations;
  std::vector<scene::GreyThumbnail> thumbnails;
  int width = 0;      ///< Width of the last upright frame, pixels.
  int height = 0;     ///< Height of the last upright frame, pixels.
  std::string broke;  ///< Error that ended the clip early, and its time; empty for none.
};

/// @param poses  Null without a pose network.
Result<ClipView> observe_clip(const FramePass& pass, const scene::Detector& detector,
                              const scene::PoseEstimator* poses) {
  std::unique_ptr<scene::Observer> observer;
  ClipView view;
  const auto ignore = [](const media::Frame&, std::span<const scene::Observation>) {
    return Result<void>();
  };
  const auto sink = [&](const media::ExtractedFrame& extracted) -> Result<void> {
    if (!observer) {
      std::optional<scene::PoseSession> session;
      if (poses != nullptr) session = LIDO_TRY(poses->open_session());
      observer =
          std::make_unique<scene::Observer>(detector, LIDO_TRY(detector.open_session()),
                                            scene::OwnedBlocks{}, ignore, std::move(session));
    }
    const auto upright = media::upright_size(extracted.frame);
    view.width = upright.width;
    view.height = upright.height;
    pass.on_frames(extracted.end_k);
    return observer->push(extracted.first_k, extracted.end_k, extracted.after_cut, extracted.frame);
  };
  const auto report = LIDO_TRY(
      media::extract(pass.reader, pass.request, sink, [&] { observer.reset(); }, pass.stop));
  if (report.broke) {
    view.broke =
        fmt::format("after {:.2f} s: {}", report.broke->time_s, report.broke->error.message);
  }
  if (!observer) return view;
  LIDO_TRY(observer->finish());
  view.observations = observer->take_observations();
  for (const auto& one : sample_evenly(observer->take_thumbnails(), scene::kMaxStillThumbnails))
    view.thumbnails.push_back({one.k, scene::grey_of(one.image)});
  return view;
}

/// @return No value with --poses off.
Result<std::optional<scene::PoseEstimator>> open_poses(const scene::PoseOptions& options) {
  if (options.poses == "off") {
    if (options.hands == "off") return std::nullopt;
    return fail(ErrorCode::kInvalidArgument, "--hands {} needs --poses", options.hands);
  }
  return LIDO_TRY(scene::open_pose_estimator(options));
}

template <typename Row>
Result<void> write(storage::Store& store, const std::vector<Row>& rows) {
  return dataset::write_table(store, dataset::table_file<Row>(), rows);
}

}  // namespace

Result<SceneClipSummary> scene_clip(const std::string& clip, const std::string& out, bool draw,
                                    const SceneClipOptions& options,
                                    const std::function<void(const SceneProgress&)>& on_progress,
                                    const std::stop_token& stop) {
  using dataset::table_file;
  LIDO_TRY(validate(options));
  const auto bundle = LIDO_TRY(infer::find_bundle(options.detector.detector));
  const auto reader = LIDO_TRY(storage::open_reader(clip));
  auto folder = LIDO_TRY(storage::OutputFolder::open(
      out, "lido scene",
      {table_file<dataset::ObjectRow>(), table_file<dataset::TrackRow>(),
       table_file<dataset::PoseRow>(), table_file<dataset::MotionRow>(),
       table_file<dataset::QualityRow>(), "drawn.mp4"}));
  storage::Store& store = folder.store();
  const auto detector = LIDO_TRY(scene::Detector::make(bundle, options.detector));
  const auto poses = LIDO_TRY(open_poses(options.poses));
  const std::vector<std::string> keypoints =
      poses ? poses->bundle().keypoints : std::vector<std::string>();
  const double fps = options.fps.value();
  const media::ExtractRequest request{.fps = options.fps, .max_gap_s = options.max_gap_s};
  const auto probed = media::probe(*reader);
  if (!probed) return with_context(clip, probed.error());
  const media::ClipInfo& info = *probed;
  SceneProgress progress{.step = "looking",
                         .total_frames = static_cast<int64_t>(info.duration_s * fps)};
  const auto on_frames = [&](int64_t frames) {
    progress.frames = frames;
    on_progress(progress);
  };
  const FramePass pass{*reader, request, on_frames, stop};
  const ClipView view = LIDO_TRY(observe_clip(pass, detector, poses ? &*poses : nullptr));
  if (view.observations.empty()) {
    return fail(ErrorCode::kCorrupt, "{}: {}", clip,
                view.broke.empty() ? "no frame in it" : view.broke);
  }
  const auto followed =
      scene::follow({view.observations, view.thumbnails, fps, view.width, view.height}, detector,
                    options.tracker);
  const part::SceneRows rows =
      part::scene_rows(followed, storage::absolute(clip), fps, bundle.classes, keypoints);
  LIDO_TRY(folder.begin());
  LIDO_TRY(write(store, rows.objects));
  LIDO_TRY(write(store, rows.tracks));
  if (poses) LIDO_TRY(write(store, rows.poses));
  LIDO_TRY(write(store, rows.motions));
  LIDO_TRY(write(store, rows.qualities));
  if (draw) {
    progress = {.step = "drawing", .total_frames = std::ssize(followed.motions)};
    LIDO_TRY(write_video(pass, followed, {bundle.classes, keypoints}, store));
  }
  SceneClipSummary summary = summarise(followed, rows, fps);
  summary.width = view.width;
  summary.height = view.height;
  summary.broke = view.broke;
  return summary;
}

}  // namespace lido::report
