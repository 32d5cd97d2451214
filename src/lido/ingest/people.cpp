// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/people.h"

#include <algorithm>
#include <map>

#include "lido/base/evenly.h"
#include "lido/base/hash.h"
#include "lido/base/in_order.h"
#include "lido/base/parallel.h"
#include "lido/dataset/jpeg.h"
#include "lido/dataset/scenes.h"
#include "lido/ingest/sealed.h"

namespace lido::ingest {
namespace {

/// A picture in one of the clip's scene files.
struct PlacedPicture {
  size_t span = 0;
  StoredPicture picture;
};

/// What all spans of a clip saw.
struct ClipScene {
  std::vector<PlacedPicture> thumbnails;
  int width = 0;
  int height = 0;
  std::vector<scene::Observation> observations;
  std::multimap<int64_t, PlacedPicture> cutouts;  ///< By sampling time.
  std::map<int64_t, PlacedPicture> contexts;
};

bool was_forgotten(const std::vector<dataset::Forgotten>& forgotten, const std::string& clip,
                   double time_s) {
  return std::ranges::any_of(forgotten, [&](const dataset::Forgotten& record) {
    return record.covers(clip, time_s, time_s);
  });
}

Result<ClipScene> read_clip(const dataset::Dataset& dataset, const BookedClip& clip,
                            const SampleOptions& sampling, const JobOptions& job,
                            const std::vector<dataset::Forgotten>& forgotten) {
  ClipScene all;
  const auto& broke = clip.broke;
  if (broke && !job.keep_partial) return all;
  for (size_t span = 0; span < clip.plan.spans.size(); ++span) {
    auto read = read_scene(dataset.store(), scene_name(clip.parts[span]));
    // A span that crashed the program has none.
    if (!read && read.error().code == ErrorCode::kNotFound && broke) break;
    if (!read) return std::unexpected(read.error());
    SceneRecord& record = *read;
    all.width = std::max(all.width, record.width);
    all.height = std::max(all.height, record.height);
    for (scene::Observation& one : record.observations) {
      const double time_s = static_cast<double>(one.k) / sampling.fps.rate.value();
      if (broke && time_s > broke->time_s) break;
      if (!all.observations.empty() && all.observations.back().k == one.k) {
        // The span before knew how the camera had moved until here, and nothing else.
        one.registration = all.observations.back().registration;
        all.observations.pop_back();
      }
      if (was_forgotten(forgotten, clip.plan.input.uri, time_s)) {
        one.found.clear();
        one.moving.clear();
      }
      all.observations.push_back(std::move(one));
    }
    for (const StoredPicture& one : record.thumbnails) {
      const double time_s = static_cast<double>(one.k) / sampling.fps.rate.value();
      const bool good = !broke || time_s <= broke->time_s;
      if (good && !was_forgotten(forgotten, clip.plan.input.uri, time_s))
        all.thumbnails.push_back({span, one});
    }
    for (const StoredPicture& one : record.cutouts)
      all.cutouts.emplace(one.k, PlacedPicture{span, one});
    for (const StoredPicture& one : record.contexts)
      all.contexts.emplace(one.k, PlacedPicture{span, one});
  }
  return all;
}

/// One moment of a person: his box, and the cutout that shows it.
struct Moment {
  Box box;
  const PlacedPicture* cutout = nullptr;
};

/// A window along a track, to be written.
struct PersonWindow {
  int64_t start_k = 0;
  int64_t track = 0;
  std::vector<Moment> moments;
};

std::vector<PersonWindow> cut_windows(const ClipScene& all, const scene::Followed& followed,
                                      const SampleOptions& sampling,
                                      const scene::Detector& detector) {
  constexpr double kSame = 0.3;  // overlap of a track's box with the box that was cut out
  std::map<int64_t, std::vector<scene::SeenObject>> sightings;
  for (const scene::SeenObject& seen : followed.objects) {
    if (seen.track != 0 && detector.is_person(seen.object)) sightings[seen.track].push_back(seen);
  }
  std::vector<PersonWindow> windows;
  for (const auto& [track, seen] : sightings) {
    dataset::WindowCutter<Moment> cutter(sampling.windows, 0, INT64_MAX);
    for (const scene::TrackBox& at : scene::boxes_along(seen, scene::kLookBack)) {
      Moment moment{.box = at.box};
      double best = kSame;
      const auto [first, last] = all.cutouts.equal_range(at.k);
      for (auto it = first; it != last; ++it) {
        const double shared = overlap(at.box, it->second.picture.box);
        if (shared > best) best = shared, moment.cutout = &it->second;
      }
      if (moment.cutout == nullptr) continue;
      const auto emit = [&](int64_t start, const std::deque<Moment>& window) -> Result<void> {
        windows.push_back({start, track, {window.begin(), window.end()}});
        return {};
      };
      (void)cutter.push(at.k, false, moment, emit);
    }
  }
  std::ranges::stable_sort(windows, {}, &PersonWindow::start_k);
  return windows;
}

/// Reads pictures of a clip's scene files.
class PictureReader {
 public:
  PictureReader(storage::Store& store, const BookedClip& clip) : store_(store), clip_(clip) {
    readers_.resize(clip.plan.spans.size());
  }
  Result<std::string> read(const PlacedPicture& placed) {
    auto& reader = readers_[placed.span];
    const std::string name = scene_name(clip_.parts[placed.span]);
    if (!reader) reader = LIDO_TRY(store_.open(name));
    std::string bytes(static_cast<size_t>(std::max<int64_t>(0, placed.picture.length)), '\0');
    const size_t read =
        LIDO_TRY(reader->read_at(placed.picture.offset, std::as_writable_bytes(std::span(bytes))));
    if (read != bytes.size()) return fail(ErrorCode::kCorrupt, "{}: is cut short", name);
    return bytes;
  }

 private:
  storage::Store& store_;
  const BookedClip& clip_;
  std::vector<std::unique_ptr<storage::Reader>> readers_;
};

/// Writes the people of a clip as samples into a part of their own.
Result<void> write_people(const dataset::Dataset& dataset, const std::string& name,
                          const BookedClip& clip, const ClipScene& all,
                          const std::vector<PersonWindow>& windows, const SampleOptions& sampling) {
  const auto writer = LIDO_TRY(dataset.store().create(name, storage::Durability::kProcess));
  SampleWriter samples(*writer, clip.plan, sampling);
  PictureReader pictures(dataset.store(), clip);
  const std::string prefix = key_prefix(clip.plan.input);
  for (const PersonWindow& window : windows) {
    PartSample sample{.key = fmt::format("{}_{:08}_{:05}", prefix, window.start_k, window.track),
                      .first_k = window.start_k,
                      .track = window.track};
    std::vector<std::string> frames;
    for (const Moment& moment : window.moments) {
      frames.push_back(LIDO_TRY(pictures.read(*moment.cutout)));
      const media::Geometry& g = moment.cutout->picture.geometry;
      sample.pts.push_back(moment.cutout->picture.pts);
      sample.cutouts.insert(sample.cutouts.end(), {g.scale_x, g.scale_y, g.offset_x, g.offset_y});
      const Box& box = moment.box;
      sample.boxes.insert(sample.boxes.end(),
                          {box.x * g.scale_x + g.offset_x, box.y * g.scale_y + g.offset_y,
                           box.width * g.scale_x, box.height * g.scale_y});
    }
    std::string context;
    const auto middle = all.contexts.find(window.start_k + sampling.windows.window / 2);
    if (middle != all.contexts.end()) {
      context = LIDO_TRY(pictures.read(middle->second));
      const StoredPicture& whole = middle->second.picture;
      sample.geometry = whole.geometry;
      sample.source_width = static_cast<int32_t>(whole.box.width);
      sample.source_height = static_cast<int32_t>(whole.box.height);
    }
    const std::vector<std::string_view> views(frames.begin(), frames.end());
    LIDO_TRY(samples.write(std::move(sample), views, context));
  }
  return publish_part(*writer, {.samples = samples.take_samples()});
}

PlateKey plate_key(const ClipInput& input, double time_s) {
  constexpr int64_t kPart_us = 6 * 3600 * int64_t{1'000'000};
  PlateKey key{input.camera.empty() ? input.uri : input.site + "/" + input.camera, "any time"};
  if (!input.start_utc) return key;
  const int64_t part = (input.start_utc->us + int64_t(time_s * 1e6)) / kPart_us % 4;
  key.day_part = fmt::format("{:02}-{:02} UTC", 6 * part, 6 * part + 6);
  return key;
}

/// Takes the pictures of a scene folder out of the spans' scene files.
class PictureGallery {
 public:
  PictureGallery(const dataset::Dataset& dataset, Book& book, size_t clips,
                 const SampleOptions& sampling, std::string folder)
      : store_(dataset.store()),
        book_(book),
        clips_(clips),
        sampling_(sampling),
        folder_(std::move(folder)) {}

  /// Of clips in ascending order; one at a time.
  Result<void> take(const BookedClip& clip, const ClipScene& all) {
    const double fps = sampling_.fps.rate.value();
    const ClipInput& input = clip.plan.input;
    // Evenly picked: where a new one of kMostClips parts begins.
    const auto part = [&](size_t number) { return number * kMostClips / clips_; };
    const bool shown = clip.number == 0 || part(clip.number) != part(clip.number - 1);
    if (shown) {
      PictureReader pictures(store_, clip);
      for (const PlacedPicture& one : evenly(all.thumbnails, kMostViews)) {
        const std::string file =
            fmt::format("views/{}_{:08}.jpg", key_prefix(input), one.picture.k);
        LIDO_TRY(store_.write_text(folder_ + "/" + file, LIDO_TRY(pictures.read(one))));
        pictures_.views.push_back({input.uri, one.picture.k,
                                   static_cast<double>(one.picture.k) / fps, file, all.width,
                                   all.height});
      }
    }
    if (input.camera.empty() && !shown) return {};
    for (const PlacedPicture& one : evenly(all.thumbnails, kMostInPlate)) {
      const auto key = plate_key(input, static_cast<double>(one.picture.k) / fps);
      LIDO_TRY(book_.note_plate_picture(key, {clip.number, one.span, one.picture.k}));
    }
    return {};
  }

  Result<void> finish() {
    for (const PlateKey& key : LIDO_TRY(book_.plates())) LIDO_TRY(write_plate(key));
    return dataset::write_scene_pictures(store_, folder_, pictures_);
  }

 private:
  static constexpr size_t kMostClips = 24;
  static constexpr size_t kMostViews = 6;
  static constexpr size_t kMostInPlate = 31;

  Result<std::string> read_small(const BookedClip& clip, const PicturePlace& place) {
    const auto record = LIDO_TRY(read_scene(store_, scene_name(clip.parts[place.span])));
    const auto found = std::ranges::find(record.thumbnails, place.k, &StoredPicture::k);
    if (found == record.thumbnails.end())
      return fail(ErrorCode::kCorrupt, "{}: {}", scene_name(clip.parts[place.span]), kChanged);
    return PictureReader(store_, clip).read({place.span, *found});
  }

  Result<void> write_plate(const PlateKey& key) {
    std::vector<media::Image> images;
    dataset::ScenePlate plate{.camera = key.camera, .day_part = key.day_part};
    for (const PicturePlace& one : LIDO_TRY(book_.plate_pictures(key, kMostInPlate))) {
      const BookedClip of = LIDO_TRY(book_.clip(one.clip));
      const std::string jpeg = LIDO_TRY(read_small(of, one));
      auto image = LIDO_TRY(dataset::decode_jpeg(std::as_bytes(std::span(jpeg))));
      const bool fits = images.empty() || (image.width == images.front().width &&
                                           image.height == images.front().height);
      if (!fits) continue;
      images.push_back(std::move(image));
      const std::string& clip = of.plan.input.uri;
      if (plate.clips.empty() || plate.clips.back() != clip) plate.clips.push_back(clip);
    }
    if (images.size() < 3) return {};
    const scene::Plate made = scene::make_plate(images);
    plate.pictures = std::ssize(images);
    const std::string stem =
        fmt::format("plates/{}", sha256_hex(key.camera + " " + key.day_part).substr(0, 12));
    plate.background = stem + ".jpg";
    plate.activity = stem + "_activity.jpg";
    media::Image activity{made.activity.width, made.activity.height, {}};
    for (const uint8_t value : made.activity.grey) {
      const auto shown = static_cast<uint8_t>(std::min(255, value * 8));
      activity.rgb.insert(activity.rgb.end(), 3, shown);
    }
    dataset::JpegEncoder encoder;
    LIDO_TRY(store_.write_text(folder_ + "/" + plate.background,
                               LIDO_TRY(encoder.encode(made.background, sampling_.quality))));
    LIDO_TRY(store_.write_text(folder_ + "/" + plate.activity,
                               LIDO_TRY(encoder.encode(activity, sampling_.quality))));
    pictures_.plates.push_back(std::move(plate));
    return {};
  }

  storage::Store& store_;
  Book& book_;
  size_t clips_;
  const SampleOptions& sampling_;
  std::string folder_;
  dataset::ScenePictures pictures_;
};

/// The writers of a scene folder's tables.
struct SceneTables {
  dataset::TableWriter<dataset::ObjectRow> objects;
  dataset::TableWriter<dataset::TrackRow> tracks;
  dataset::TableWriter<dataset::MotionRow> motions;
  dataset::TableWriter<dataset::QualityRow> qualities;

  static Result<SceneTables> create(storage::Store& store, const std::string& folder) {
    return SceneTables{LIDO_TRY(dataset::TableWriter<dataset::ObjectRow>::create(
                           store, folder + dataset::kObjectsTable)),
                       LIDO_TRY(dataset::TableWriter<dataset::TrackRow>::create(
                           store, folder + dataset::kTracksTable)),
                       LIDO_TRY(dataset::TableWriter<dataset::MotionRow>::create(
                           store, folder + dataset::kMotionTable)),
                       LIDO_TRY(dataset::TableWriter<dataset::QualityRow>::create(
                           store, folder + dataset::kQualityTable))};
  }
  Result<void> append(SceneRows rows) {
    for (auto& row : rows.objects) LIDO_TRY(objects.append(std::move(row)));
    for (auto& row : rows.tracks) LIDO_TRY(tracks.append(std::move(row)));
    for (auto& row : rows.motions) LIDO_TRY(motions.append(std::move(row)));
    for (auto& row : rows.qualities) LIDO_TRY(qualities.append(std::move(row)));
    return {};
  }
  Result<void> commit() {
    LIDO_TRY(objects.commit());
    LIDO_TRY(tracks.commit());
    LIDO_TRY(motions.commit());
    return qualities.commit();
  }
};

}  // namespace

Result<void> follow_clips(const dataset::Dataset& dataset, Book& book,
                          const SampleOptions& sampling, const JobOptions& job,
                          const scene::Detector& detector, const std::string& folder,
                          const std::stop_token& stop) {
  const auto forgotten = LIDO_TRY(dataset.forgotten());
  auto tables = LIDO_TRY(SceneTables::create(dataset.store(), folder));
  const size_t clips = LIDO_TRY(book.totals()).clips;
  PictureGallery gallery(dataset, book, clips, sampling, folder);
  struct Done {
    BookedClip clip;
    SceneRows rows;
    ClipScene scene;  // its thumbnails and size only
  };
  InOrder<Done> in_order([&](Done done) -> Result<void> {
    LIDO_TRY(gallery.take(done.clip, done.scene));
    return tables.append(std::move(done.rows));
  });
  const double fps = sampling.fps.rate.value();
  LIDO_TRY(parallel_for(clips, job.workers, stop, [&](size_t i) -> Result<void> {
    BookedClip clip = LIDO_TRY(book.clip(i));
    ClipScene all = LIDO_TRY(read_clip(dataset, clip, sampling, job, forgotten));
    const auto followed =
        scene::follow(all.observations, fps, all.width, all.height, detector, sampling.tracker);
    if (sampling.samples != "frame" && !clip.parts.empty()) {
      const std::string name = clip.parts.front() + ".people";
      const auto windows = cut_windows(all, followed, sampling, detector);
      LIDO_TRY(write_people(dataset, name, clip, all, windows, sampling));
      LIDO_TRY(book.note_people(i, name));
    }
    ClipScene shown{
        .thumbnails = std::move(all.thumbnails), .width = all.width, .height = all.height};
    auto rows = rows_of(followed, clip.plan.input.uri, fps, detector.bundle().classes);
    return in_order.take(i, {std::move(clip), std::move(rows), std::move(shown)});
  }));
  LIDO_TRY(gallery.finish());
  return tables.commit();
}

}  // namespace lido::ingest
