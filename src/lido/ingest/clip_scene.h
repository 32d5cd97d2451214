// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lido/ingest/job_context.h"
#include "lido/part/scene_file.h"

namespace lido::ingest {

/// An image in the scene file of one of a clip's spans.
struct PlacedImage {
  size_t span = 0;
  part::StoredImage image;
};

/// Everything that the spans of one clip show, without gaps and without what was forgotten.
struct ClipScene {
  int width = 0;  ///< Upright frame, pixels.
  int height = 0;
  std::vector<scene::Observation> observations;  ///< By time.
  std::multimap<int64_t, PlacedImage> cutouts;   ///< People, by sampling time.
  std::map<int64_t, PlacedImage> contexts;       ///< Whole frames, by sampling time.
  std::vector<PlacedImage> thumbnails;           ///< Small whole frames, by time.
};

/// Reads the scene files of a clip's spans. Empty for a rejected clip.
/// @return kCorrupt when a scene file changed since it was written.
Result<ClipScene> read_clip_scene(const JobContext& job, const ClipRecord& clip);

/// The bytes of an image.
/// @return kCorrupt when the scene file is too short.
Result<std::string> read_image(storage::Reader& reader, const std::string& name, int64_t offset,
                               int64_t length);

/// Reads images of a clip's scene files, each opened once. Not thread-safe.
class ClipImageReader {
 public:
  /// @param store,clip  Must outlive the reader.
  ClipImageReader(storage::Store& store, const ClipRecord& clip)
      : store_(store), clip_(clip), readers_(clip.span_parts.size()) {}
  /// The JPEG of an image.
  Result<std::string> read(const PlacedImage& placed);

 private:
  storage::Store& store_;
  const ClipRecord& clip_;
  std::vector<std::unique_ptr<storage::Reader>> readers_;
};

}  // namespace lido::ingest
