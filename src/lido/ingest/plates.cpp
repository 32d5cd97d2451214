// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/plates.h"

#include <algorithm>

#include "lido/base/hash.h"
#include "lido/base/sample_evenly.h"
#include "lido/dataset/jpeg.h"
#include "lido/scene/background.h"

namespace lido::ingest {
namespace {

/// Maximum number of clips whose views are written.
constexpr size_t kMaxViewClips = 24;
/// Maximum number of views of one clip.
constexpr size_t kMaxViews = 6;
/// Maximum number of thumbnails in one plate.
constexpr size_t kMaxPlateImages = 31;
/// Minimum number of thumbnails: a median of fewer keeps what moves.
constexpr size_t kMinPlateImages = 3;
/// Brightness of the activity image per level of activity.
constexpr int kActivityGain = 8;

/// Activity as a grey RGB image.
media::Image activity_image(const media::GreyImage& activity) {
  media::Image image{activity.width, activity.height, {}};
  for (const uint8_t value : activity.grey) {
    const auto level = static_cast<uint8_t>(std::min(255, value * kActivityGain));
    image.rgb.insert(image.rgb.end(), 3, level);
  }
  return image;
}

}  // namespace

PlateKey plate_key(const part::ClipInput& clip, double time_s) {
  constexpr int64_t kHours = 6;
  constexpr int64_t kPart_us = kHours * 3600 * int64_t{1'000'000};
  constexpr int64_t kPartsPerDay = 24 / kHours;
  PlateKey key{clip.camera.empty() ? clip.uri : clip.site + "/" + clip.camera, "any time"};
  if (!clip.start_utc) return key;
  const int64_t part = (clip.start_utc->us + int64_t(time_s * 1e6)) / kPart_us % kPartsPerDay;
  key.day_part = fmt::format("{:02}-{:02} UTC", kHours * part, kHours * (part + 1));
  return key;
}

Result<void> SceneGallery::add(const ClipRecord& clip, const ClipScene& scene) {
  const part::ClipInput& input = clip.plan.input;
  // Sampled evenly: the clips at which a new one of kMaxViewClips parts begins.
  const auto part = [&](size_t number) { return number * kMaxViewClips / clips_; };
  const bool has_views = clip.number == 0 || part(clip.number) != part(clip.number - 1);
  if (has_views) LIDO_TRY(write_views(clip, scene));
  if (input.camera.empty() && !has_views) return {};
  for (const PlacedImage& one : sample_evenly(scene.thumbnails, kMaxPlateImages)) {
    const PlateKey key = plate_key(input, job_.seconds(one.image.k));
    LIDO_TRY(job_.clips.record_thumbnail(key, clip.number, one.span, one.image.offset,
                                         one.image.length));
  }
  return {};
}

Result<void> SceneGallery::write_views(const ClipRecord& clip, const ClipScene& scene) {
  const part::ClipInput& input = clip.plan.input;
  ClipImageReader images(store_, clip);
  for (const PlacedImage& one : sample_evenly(scene.thumbnails, kMaxViews)) {
    const std::string file =
        fmt::format("views/{}_{:08}.jpg", part::key_prefix(input), one.image.k);
    LIDO_TRY(store_.write_text(folder_ + "/" + file, LIDO_TRY(images.read(one))));
    images_.views.push_back(
        {input.uri, one.image.k, job_.seconds(one.image.k), file, scene.width, scene.height});
  }
  return {};
}

Result<void> SceneGallery::finish() {
  for (const PlateKey& key : LIDO_TRY(job_.clips.plates())) LIDO_TRY(write_plate(key));
  return dataset::write_scene_pictures(store_, folder_, images_);
}

Result<void> SceneGallery::write_plate(const PlateKey& key) {
  std::vector<media::Image> images;
  dataset::ScenePlate plate{.camera = key.camera, .day_part = key.day_part};
  for (const ThumbnailPlace& place : LIDO_TRY(job_.clips.thumbnails(key, kMaxPlateImages))) {
    const std::string name = part::scene_name(place.part);
    const auto reader = LIDO_TRY(store_.open(name));
    const std::string jpeg = LIDO_TRY(read_image(*reader, name, place.offset, place.length));
    auto image = LIDO_TRY(dataset::decode_jpeg(std::as_bytes(std::span(jpeg))));
    const bool same_size = images.empty() || (image.width == images.front().width &&
                                              image.height == images.front().height);
    if (!same_size) continue;
    images.push_back(std::move(image));
    if (plate.clips.empty() || plate.clips.back() != place.clip) plate.clips.push_back(place.clip);
  }
  if (images.size() < kMinPlateImages) return {};
  const scene::Plate made = scene::make_plate(images);
  plate.pictures = std::ssize(images);
  const std::string stem =
      fmt::format("plates/{}", sha256_hex(key.camera + " " + key.day_part).substr(0, 12));
  plate.background = stem + ".jpg";
  plate.activity = stem + "_activity.jpg";
  LIDO_TRY(write_jpeg(plate.background, made.background));
  LIDO_TRY(write_jpeg(plate.activity, activity_image(made.activity)));
  images_.plates.push_back(std::move(plate));
  return {};
}

Result<void> SceneGallery::write_jpeg(const std::string& name, const media::Image& image) {
  dataset::JpegEncoder encoder;
  const std::string jpeg = LIDO_TRY(encoder.encode(image, job_.sampling.quality));
  return store_.write_text(folder_ + "/" + name, jpeg);
}

}  // namespace lido::ingest
