// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lido/dataset/scenes.h"
#include "lido/ingest/clip_scene.h"

namespace lido::ingest {

/// The plate that a clip's thumbnail belongs to: its camera (or the clip itself, when the camera is
/// unknown), and a quarter of the day in UTC ("any time" when the clip's start is unknown).
/// @param time_s  Seconds after the clip's first frame.
PlateKey plate_key(const part::ClipInput& clip, double time_s);

/// Writes the images of a scene folder: views of some clips, and a background plate for each camera
/// and part of the day. Not thread-safe.
class SceneGallery {
 public:
  /// @param job     Must outlive the gallery.
  /// @param clips   Number of clips.
  /// @param folder  Scene folder, relative to the dataset.
  SceneGallery(const JobContext& job, size_t clips, std::string folder)
      : job_(job), store_(job.dataset.store()), clips_(clips), folder_(std::move(folder)) {}

  /// Adds a clip's thumbnails. Clips come in ascending order.
  Result<void> add(const ClipRecord& clip, const ClipScene& scene);
  /// Writes the plates, and the list of all images.
  Result<void> finish();

 private:
  Result<void> write_views(const ClipRecord& clip, const ClipScene& scene);
  Result<void> write_plate(const PlateKey& key);
  Result<void> write_jpeg(const std::string& name, const media::Image& image);

  const JobContext& job_;
  storage::Store& store_;
  size_t clips_;
  std::string folder_;
  dataset::ScenePictures images_;
};

}  // namespace lido::ingest
