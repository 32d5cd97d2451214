// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/dataset/dataset.h"

namespace lido::dataset {

/// A small picture of a clip as it was filmed, in a scene folder.
struct SceneView {
  std::string clip;
  int64_t k = 0;
  double time_s = 0;
  std::string file;          ///< In the folder.
  int32_t source_width = 0;  ///< Upright, pixels.
  int32_t source_height = 0;
};

/// What a camera shows when nobody is there, and where it moves by itself (water, leaves).
struct ScenePlate {
  std::string camera;      ///< "site/camera"; the clip where it has no camera.
  std::string day_part;    ///< "06-12 UTC", or "any time".
  std::string background;  ///< Files in the folder.
  std::string activity;
  std::vector<std::string> clips;  ///< From which pictures were taken.
  int64_t pictures = 0;
};

/// The pictures of a scene folder: views/, plates/, and pictures.json that lists them.
struct ScenePictures {
  std::vector<SceneView> views;
  std::vector<ScenePlate> plates;
};
Result<ScenePictures> read_scene_pictures(storage::Store& store, const std::string& folder);
Result<void> write_scene_pictures(storage::Store& store, const std::string& folder,
                                  const ScenePictures& pictures);

/// Takes what `record` covers out of every scene folder that `generation` names: rows, views, and
/// the plates its pictures went into. Folders that held some of it are written anew and named in
/// the place of the old ones, which are left to the caller to remove.
/// @return Whether any folder changed.
Result<bool> forget_scenes(const Dataset& dataset, Generation& generation, int next_generation,
                           const Forgotten& record);

}  // namespace lido::dataset
