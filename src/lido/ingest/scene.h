// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lido/dataset/dataset.h"
#include "lido/dataset/jpeg.h"
#include "lido/ingest/options.h"
#include "lido/scene/follow.h"
#include "lido/storage/store.h"

namespace lido::ingest {

/// A JPEG in a span's scene file: somebody cut out of a picture, or a small whole picture.
struct StoredPicture {
  int64_t k = 0;
  Box box;                   ///< Where somebody was taken to be; of the whole picture for others.
  media::Geometry geometry;  ///< How the picture became this one.
  int64_t pts = 0;
  int64_t offset = 0;
  int64_t length = 0;
};

/// What a span's pictures show.
struct SceneRecord {
  int32_t width = 0;  ///< Of the upright pictures.
  int32_t height = 0;
  std::vector<scene::Observation> observations;
  std::vector<StoredPicture> cutouts;     ///< By time.
  std::vector<StoredPicture> contexts;    ///< Whole pictures to go with windows of cutouts.
  std::vector<StoredPicture> thumbnails;  ///< For background plates.
};

/// The name of the scene file that belongs to a part.
std::string scene_name(const std::string& part);

/// Writes a scene file while a span is read. Not thread-safe.
class SceneWriter {
 public:
  static Result<std::unique_ptr<SceneWriter>> create(storage::Store& store, const std::string& part,
                                                     const scene::Detector& detector,
                                                     const SampleOptions& sampling,
                                                     const scene::Share& share);
  Result<void> take(int64_t first_k, int64_t end_k, bool after_cut, const media::Frame& frame);
  Result<void> commit();

 private:
  SceneWriter(std::unique_ptr<storage::Writer> writer, const scene::Detector& detector,
              scene::DetectorSession session, const SampleOptions& sampling,
              const scene::Share& share);
  Result<void> cut(const media::Frame& frame, std::span<const scene::Observation> recent);
  Result<StoredPicture> store(int64_t k, const media::Image& image);

  std::unique_ptr<storage::Writer> writer_;
  const scene::Detector& detector_;
  const SampleOptions& sampling_;
  scene::Observer observer_;
  media::Converter converter_;
  dataset::JpegEncoder encoder_;
  int64_t written_ = 0;
  SceneRecord record_;
};

/// @return kNotFound; kCorrupt when it is none.
Result<SceneRecord> read_scene(storage::Store& store, const std::string& name);

/// A clip's rows for the tables of a scene.
struct SceneRows {
  std::vector<dataset::ObjectRow> objects;
  std::vector<dataset::TrackRow> tracks;
  std::vector<dataset::MotionRow> motions;
  std::vector<dataset::QualityRow> qualities;
};
SceneRows rows_of(const scene::Followed& followed, const std::string& clip, double fps,
                  const std::vector<std::string>& classes);

}  // namespace lido::ingest
