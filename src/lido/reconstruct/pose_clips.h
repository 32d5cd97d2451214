// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/reconstruct/pose_tables.h"

namespace lido::reconstruct {

/// Finds the videos that the keypoints of a folder for read_poses() were found in: the clips of a
/// dataset, those that `lido scene` names in NAME/poses.parquet, or those of a simulated film.
/// Files of COCO's format name none. Whether a video exists is not looked at.
/// @return As read_poses(), which is called first.
Result<PoseClips> find_pose_clips(const std::string& folder, const geometry::Site& site);

/// Takes clips for cameras by their names: NAME.mp4 is of camera NAME. A clip starts when
/// the clip of that camera in `known` starts; without one, when the clock of the camera shows 0.
/// @return kInvalidArgument for a name of no camera, and for two clips of one camera.
Result<std::vector<PoseClip>> name_clips(const std::vector<std::string>& clips,
                                         const geometry::Site& site, const PoseClips& known);

}  // namespace lido::reconstruct
