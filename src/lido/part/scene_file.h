// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lido/dataset/jpeg.h"
#include "lido/part/part_context.h"
#include "lido/scene/observe.h"

namespace lido::part {

/// A JPEG in a span's scene file: a person cut out of a frame, or a whole frame made small.
struct StoredImage {
  int64_t k = 0;             ///< Sampling time.
  Box box;                   ///< Detected person, or the whole frame; upright source pixels.
  media::Geometry geometry;  ///< How the frame became this image.
  int64_t pts = 0;           ///< PTS of the frame; 0 for a thumbnail.
  int64_t offset = 0;        ///< First byte in the file.
  int64_t length = 0;        ///< Bytes in the file.
};

/// Everything that a span's frames show.
struct SceneRecord {
  int32_t width = 0;  ///< Upright frame, pixels; 0 when there was none.
  int32_t height = 0;
  std::vector<scene::Observation> observations;  ///< By time.
  std::vector<StoredImage> cutouts;              ///< People, by time.
  std::vector<StoredImage> contexts;             ///< Whole frames to go with windows of cutouts.
  std::vector<StoredImage> thumbnails;           ///< For background plates.
};

/// The name of the scene file that belongs to a part.
std::string scene_name(const std::string& part);

/// Writes a scene file while a span is read. Not thread-safe.
class SceneWriter {
 public:
  /// @param context  Its detector is not null. Must outlive the writer.
  /// @param blocks   Blocks that the span is responsible for.
  static Result<std::unique_ptr<SceneWriter>> create(const std::string& part,
                                                     const PartContext& context,
                                                     const scene::OwnedBlocks& blocks);
  /// Adds the frame for sampling times first_k <= k < end_k, in order of time.
  Result<void> add(int64_t first_k, int64_t end_k, bool after_cut, const media::Frame& frame);
  /// Publishes the file.
  Result<void> commit();

 private:
  SceneWriter(std::unique_ptr<storage::Writer> writer, const PartContext& context,
              scene::DetectorSession session, std::optional<scene::PoseSession> poses,
              const scene::OwnedBlocks& blocks);
  Result<void> cut_people(const media::Frame& frame, std::span<const scene::Observation> recent);
  Result<void> cut_moving(std::span<const media::Frame> frames,
                          std::span<const scene::Observation> block);
  Result<void> cut_out(const media::Frame& frame, int64_t k, const Box& box);
  Result<void> add_context(const media::Frame& frame, int64_t k);
  Result<StoredImage> store(int64_t k, const media::Image& image);

  std::unique_ptr<storage::Writer> writer_;
  const scene::Detector& detector_;
  const SampleOptions& sampling_;
  scene::Observer observer_;
  media::Converter converter_;
  dataset::JpegEncoder encoder_;
  int64_t written_ = 0;          // bytes
  std::set<int64_t> context_k_;  // sampling times with a context
  SceneRecord record_;
};

/// Reads the record of a scene file.
/// @return kNotFound; kCorrupt when the file is not a scene file.
Result<SceneRecord> read_scene(storage::Store& store, const std::string& name);

/// Ends a scene file with its record, after its images, and publishes it.
Result<void> commit_scene(storage::Writer& writer, const SceneRecord& record);

}  // namespace lido::part
