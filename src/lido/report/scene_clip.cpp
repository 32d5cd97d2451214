// SPDX-License-Identifier: Apache-2.0
#include "lido/report/scene_clip.h"

#include <algorithm>
#include <cmath>
#include <deque>

#include "lido/dataset/table.h"
#include "lido/infer/catalog.h"
#include "lido/media/encoder.h"
#include "lido/media/extract.h"
#include "lido/part/scene_rows.h"
#include "lido/scene/draw.h"
#include "lido/storage/reader.h"
#include "lido/storage/store.h"

namespace lido::report {
namespace {

constexpr int kDrawnSide = 1280;
constexpr double kPath_s = 5;  // Length of a track's path in the film.

/// Draws boxes, paths and a caption into the frames of a second pass, in order of time.
class FrameDrawer {
 public:
  FrameDrawer(const scene::Followed& followed, const std::vector<std::string>& classes, double fps)
      : followed_(followed), classes_(classes), fps_(fps) {}

  void draw(int64_t k, media::Image& image, const media::Geometry& geometry) {
    std::vector<scene::DrawnBox> boxes;
    const auto& objects = followed_.objects;
    while (object_ < objects.size() && objects[object_].k < k) ++object_;
    for (; object_ < objects.size() && objects[object_].k == k; ++object_) {
      const scene::SeenObject& seen = objects[object_];
      scene::DrawnBox box{.box = seen.box, .track = seen.track, .proposed = seen.class_id < 0};
      if (seen.class_id >= 0) {
        box.text = classes_[static_cast<size_t>(seen.class_id)];
        if (seen.track != 0) box.text += fmt::format(" {}", seen.track);
      }
      boxes.push_back(std::move(box));
      if (seen.track == 0) continue;
      auto& path = paths_[seen.track];
      path.emplace_back(k, scene::Point{seen.box.x + seen.box.width / 2, seen.box.bottom()});
    }
    const auto& motions = followed_.motions;
    while (motion_ < motions.size() && motions[motion_].motion.k < k) ++motion_;
    std::string caption = fmt::format("{:.2f} s", static_cast<double>(k) / fps_);
    if (motion_ < motions.size())
      caption += fmt::format("  camera {}", name_of(motions[motion_].motion.motion));
    for (const scene::FaultSpan& fault : followed_.faults) {
      if (fault.begin <= k && k < fault.end) caption += fmt::format("  {}", name_of(fault.fault));
    }
    std::vector<scene::DrawnPath> paths;
    for (auto& [track, positions] : paths_) {
      const auto oldest = k - static_cast<int64_t>(kPath_s * fps_);
      while (!positions.empty() && positions.front().first < oldest) positions.pop_front();
      scene::DrawnPath path{.track = track};
      for (const auto& [unused, point] : positions) path.points.emplace_back(point.x, point.y);
      if (path.points.size() > 1) paths.push_back(std::move(path));
    }
    scene::draw(image, geometry, boxes, paths, caption);
  }

 private:
  const scene::Followed& followed_;
  const std::vector<std::string>& classes_;
  double fps_;
  size_t object_ = 0;
  size_t motion_ = 0;
  std::map<int64_t, std::deque<std::pair<int64_t, scene::Point>>>
      paths_;  // By track, the bottom middle of its boxes.
};

Result<void> write_video(storage::Reader& reader, const media::ExtractRequest& request,
                         const scene::Followed& followed, const std::vector<std::string>& classes,
                         storage::Store& store, const std::stop_token& stop) {
  const double fps = request.fps.value();
  std::unique_ptr<storage::Writer> writer;
  std::unique_ptr<media::Encoder> encoder;
  std::optional<media::Geometry> geometry;
  std::optional<FrameDrawer> drawer;
  media::Converter converter;
  const auto restart = [&] {
    encoder.reset();
    writer.reset();
    geometry.reset();
    drawer.reset();
  };
  const auto sink = [&](const media::ExtractedFrame& extracted) -> Result<void> {
    if (!geometry) {
      geometry = media::shrunk_geometry(extracted.frame, kDrawnSide, 2);
      writer = LIDO_TRY(store.create("drawn.mp4"));
      encoder =
          LIDO_TRY(media::Encoder::open(*writer, geometry->width, geometry->height, request.fps));
      drawer.emplace(followed, classes, fps);
    }
    // A clip can change its frame size; the film keeps the first size.
    media::Geometry fitted = *geometry;
    const auto [width, height] = media::upright_size(extracted.frame);
    fitted.scale_x = double(fitted.width) / width;
    fitted.scale_y = double(fitted.height) / height;
    for (int64_t k = extracted.first_k; k < extracted.end_k; ++k) {
      media::Image image = converter.convert(extracted.frame, fitted);
      drawer->draw(k, image, fitted);
      LIDO_TRY(encoder->push(image));
    }
    return {};
  };
  LIDO_TRY(media::extract(reader, request, sink, restart, stop));
  if (!encoder) return {};
  LIDO_TRY(encoder->finish());
  return writer->commit();
}

constexpr std::array kFiles = {"objects.parquet", "tracks.parquet", "motion.parquet",
                               "quality.parquet", "drawn.mp4"};

/// Returns the files of an earlier call.
/// @return kInvalidArgument when the folder holds other files.
Result<std::vector<std::string>> old_files(storage::Store& store) {
  std::vector<std::string> old;
  for (const storage::Entry& entry : LIDO_TRY(store.list(""))) {
    const std::string name = entry.uri.substr(store.uri().size() + 1);
    if (std::ranges::find(kFiles, name) == kFiles.end()) {
      return fail(ErrorCode::kInvalidArgument,
                  "{}: the folder holds {}, which lido scene did not write. Give an empty folder.",
                  store.uri(), name);
    }
    old.push_back(name);
  }
  return old;
}

SceneClipSummary summarise(const scene::Followed& followed, const part::SceneRows& rows,
                           double fps) {
  SceneClipSummary summary{.frames = std::ssize(followed.motions)};
  summary.seconds = static_cast<double>(summary.frames) / fps;
  for (const auto& track : rows.tracks) ++summary.tracks[track.class_name];
  for (const auto& motion : rows.motions) ++summary.motions[motion.motion];
  for (const auto& fault : rows.qualities)
    summary.faults[fault.fault] += fault.end_s - fault.start_s;
  for (const auto& object : rows.objects) summary.proposals += object.source == "motion" ? 1 : 0;
  return summary;
}

}  // namespace

Result<SceneClipSummary> scene_clip(const std::string& clip, const std::string& out, bool draw,
                                    const SceneClipOptions& options,
                                    const std::function<void(int64_t)>& on_progress,
                                    const std::stop_token& stop) {
  LIDO_TRY(validate(options));
  const auto bundle = LIDO_TRY(infer::find_bundle(options.detector.detector));
  const auto reader = LIDO_TRY(storage::open_reader(clip));
  const auto store = LIDO_TRY(storage::open_store(out));
  const auto old = LIDO_TRY(old_files(*store));
  const auto detector = LIDO_TRY(scene::Detector::make(bundle, options.detector));
  const double fps = options.fps.value();
  const media::ExtractRequest request{.fps = options.fps, .max_gap_s = options.max_gap_s};

  std::unique_ptr<scene::Observer> observer;
  int width = 0, height = 0;
  const auto sink = [&](const media::ExtractedFrame& extracted) -> Result<void> {
    if (!observer) {
      observer = std::make_unique<scene::Observer>(
          detector, LIDO_TRY(detector.open_session()), scene::OwnedBlocks{},
          [](const media::Frame&, std::span<const scene::Observation>) -> Result<void> {
            return {};
          });
    }
    const auto upright = media::upright_size(extracted.frame);
    width = upright.width;
    height = upright.height;
    on_progress(extracted.end_k);
    return observer->push(extracted.first_k, extracted.end_k, extracted.after_cut, extracted.frame);
  };
  const auto report =
      LIDO_TRY(media::extract(*reader, request, sink, [&] { observer.reset(); }, stop));
  if (!observer) {
    return fail(ErrorCode::kCorrupt, "{}: {}", clip,
                report.broke ? report.broke->error.message : "the clip has no readable frame");
  }
  LIDO_TRY(observer->finish());
  // A film of another clip must not stay beside new tables.
  for (const std::string& name : old) LIDO_TRY(store->remove(name));
  const auto followed =
      scene::follow(observer->take_observations(), fps, width, height, detector, options.tracker);
  const part::SceneRows rows =
      part::scene_rows(followed, storage::absolute(clip), fps, bundle.classes);
  using dataset::write_table;
  LIDO_TRY(write_table(*store, "objects.parquet", rows.objects));
  LIDO_TRY(write_table(*store, "tracks.parquet", rows.tracks));
  LIDO_TRY(write_table(*store, "motion.parquet", rows.motions));
  LIDO_TRY(write_table(*store, "quality.parquet", rows.qualities));
  if (draw) LIDO_TRY(write_video(*reader, request, followed, bundle.classes, *store, stop));
  SceneClipSummary summary = summarise(followed, rows, fps);
  if (report.broke) {
    summary.broke =
        fmt::format("after {:.2f} s: {}", report.broke->time_s, report.broke->error.message);
  }
  return summary;
}

}  // namespace lido::report
