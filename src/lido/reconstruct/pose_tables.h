// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/dataset/dataset.h"
#include "lido/reconstruct/pose_files.h"

namespace lido::reconstruct {

/// A video of one of a site's cameras.
struct PoseClip {
  size_t camera = 0;   ///< Index into the site's cameras.
  std::string clip;    ///< Path or URI.
  double start_s = 0;  ///< Reading of the camera's clock at the clip's first frame, seconds.
};

/// The videos that keypoints were found in.
struct PoseClips {
  std::vector<PoseClip> clips;
  /// Whether a simulator made them; false where that is not known.
  bool is_simulated = false;
  /// Whether the keypoints are those of the simulator, and no network found them.
  bool are_exact = false;
};

/// Reads keypoints of every camera of a site from the poses tables of a dataset's latest
/// generation, as `lido ingest --poses` writes them.
///
/// The camera of a clip is the one that the list of clips named, or else the one that is named like
/// the file. Where a dataset has several sites, clips of the site's name count. The camera's clock
/// reads start_utc plus the time in the clip, counted from CameraClock::reference or, where that is
/// no time, from the earliest of the clips; without start_utc, each camera has one clip, and the
/// clock reads the time in it.
/// @return kNotFound for a dataset without poses, or without clips of the site's cameras;
///         kInvalidArgument for clips of another size than their camera's, or whose times are not
///         known; kCorrupt, naming the table; errors of storage.
Result<CameraFrames> read_dataset_poses(const dataset::Dataset& dataset, const geometry::Site& site,
                                        const KeypointOptions& options);

/// Returns the clips whose keypoints read_dataset_poses() reads.
/// @return As read_dataset_poses(), but also for a dataset without poses.
Result<PoseClips> find_dataset_clips(const dataset::Dataset& dataset, const geometry::Site& site);

/// Reads keypoints of one camera from a poses table of one clip. The camera's clock reads the time
/// in the clip.
/// @return kInvalidArgument for a table of several clips or of other keypoints than COCO's;
///         kCorrupt, naming the table; errors of storage.
Result<std::vector<PoseFrame>> read_clip_poses(storage::Store& store, const std::string& name,
                                               const geometry::Camera& camera, size_t camera_index,
                                               const KeypointOptions& options);

}  // namespace lido::reconstruct
