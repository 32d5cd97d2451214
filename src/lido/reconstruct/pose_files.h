// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lido/reconstruct/people.h"

namespace lido::reconstruct {

/// People in one frame of one camera.
struct PoseFrame {
  double time_s = 0;  ///< By the common clock, seconds.
  std::vector<PersonView> people;
};

/// Reads keypoints of one camera from a file of COCO's format: 17 keypoints a person. A frame's
/// clock reads `date_captured_s` of its image or, without that, the image's id over Camera::fps;
/// Camera::clock turns that into common time.
/// @param sigma_px  Standard deviation of a visible keypoint; twice that of a hidden one.
/// @param file  Named in errors.
/// @return Frames in ascending order of time. kInvalidArgument for text that is no such file.
Result<std::vector<PoseFrame>> read_coco(std::string_view text, const std::string& file,
                                         const geometry::Camera& camera, size_t camera_index,
                                         double sigma_px);

/// Reads keypoints of every camera of a site from a folder: NAME.json of COCO's format,
/// coco/NAME.json or, from a simulated film, truth/NAME.parquet (as seen through waves). Other
/// cameras have no frames.
/// @return One list of frames for each camera. kNotFound when the folder has a file of no camera;
///         kInvalidArgument and kCorrupt, naming the file; errors of storage.
Result<std::vector<std::vector<PoseFrame>>> read_poses(const std::string& folder,
                                                       std::span<const geometry::Camera> cameras,
                                                       double sigma_px);

}  // namespace lido::reconstruct
