// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/dataset/scene_tables.h"
#include "lido/scene/follow.h"

namespace lido::part {

/// A clip's rows for the tables of a scene folder.
struct SceneRows {
  std::vector<dataset::ObjectRow> objects;
  std::vector<dataset::TrackRow> tracks;
  std::vector<dataset::PoseRow> poses;
  std::vector<dataset::MotionRow> motions;
  std::vector<dataset::QualityRow> qualities;
};

/// The rows of one clip. Pure.
/// @param clip     URI of the clip.
/// @param classes  Class names of the detector, by class id.
/// @param keypoints  Names of the pose network's keypoints; empty without one.
SceneRows scene_rows(const scene::Followed& followed, const std::string& clip, double fps,
                     const std::vector<std::string>& classes,
                     const std::vector<std::string>& keypoints = {});

}  // namespace lido::part
