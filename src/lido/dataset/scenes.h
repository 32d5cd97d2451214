// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/dataset/dataset.h"

namespace lido::dataset {

/// A small image of a frame, in a scene folder.
struct SceneView {
  std::string clip;           ///< Absolute path or URI.
  int64_t k = 0;              ///< Sampling index of the frame.
  double time_s = 0;          ///< Seconds after the clip's first frame.
  std::string file;           ///< Path of the JPEG, relative to the scene folder.
  int32_t source_width = 0;   ///< Width of the upright source frame, pixels.
  int32_t source_height = 0;  ///< Height of the upright source frame, pixels.
};

/// The background of a camera: the view without people, and where the view itself moves.
struct ScenePlate {
  std::string camera;              ///< "site/camera"; the clip's name if it has no camera.
  std::string day_part;            ///< "06-12 UTC"; "any time" if the clips have no start time.
  std::string background;          ///< Path of the median image, relative to the scene folder.
  std::string activity;            ///< Path of the image of differences from the median.
  std::vector<std::string> clips;  ///< Clips of the frames used.
  int64_t pictures = 0;            ///< Number of frames used.
};

/// The images of a scene folder, as pictures.json lists them.
struct ScenePictures {
  std::vector<SceneView> views;
  std::vector<ScenePlate> plates;
};
/// Reads pictures.json. @return kNotFound; kCorrupt when it does not parse.
Result<ScenePictures> read_scene_pictures(storage::Store& store, const std::string& folder);
/// Writes pictures.json. @return kUnavailable.
Result<void> write_scene_pictures(storage::Store& store, const std::string& folder,
                                  const ScenePictures& pictures);

}  // namespace lido::dataset
