// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/options.h"
#include "lido/geometry/site.h"
#include "lido/reconstruct/people.h"

namespace lido::reconstruct {

/// How far keypoints are trusted.
struct KeypointOptions {
  /// Standard deviation of a keypoint's coordinates, pixels.
  double sigma_px = 3;
  /// Part of the standard deviation that grows with a person's box, of poses tables alone: a pose
  /// network looks at a box in one size. 0.02: MoveNet on people in view.
  double sigma_share = 0.02;
  /// Score from which a keypoint of a poses table counts.
  double min_score = 0.3;

  static void fields(auto& self, auto&& visit) {
    visit("sigma_px", self.sigma_px, Within{0.05, 100},
          "Standard deviation of a keypoint's coordinates, pixels; raise it for poor keypoints or "
          "calibrations");
    visit("sigma_share", self.sigma_share, Within{0, 1},
          "For keypoints that Lido found: part of their standard deviation that grows with the "
          "person, as a share of the longer side of the box; raise it where people are seen badly");
    visit("min_score", self.min_score, Within{0, 1},
          "For keypoints that Lido found: score from which a keypoint counts; raise it against "
          "keypoints of hidden joints");
  }
};

/// People in one frame of one camera.
struct PoseFrame {
  double time_s = 0;  ///< By the common clock, seconds.
  std::vector<PersonView> people;
};

/// Frames of every camera of a site, each list in ascending order of time.
using CameraFrames = std::vector<std::vector<PoseFrame>>;

/// Largest time of a frame, seconds, before or after the clocks' reference: 30 000 years.
inline constexpr double kMaxTime_s = 1e12;

/// Common time of a reading of a camera's clock.
double common_time(const geometry::CameraClock& clock, double reading_s);

/// Reads keypoints of one camera from a file of COCO's format: 17 keypoints a person. A frame's
/// clock reads `date_captured_s` of its image or, without that, the image's id over Camera::fps;
/// Camera::clock turns that into common time.
/// @param sigma_px  Standard deviation of a visible keypoint; twice that of a hidden one.
/// @param file  Named in errors.
/// @return Frames in ascending order of time. kInvalidArgument for text that is no such file.
Result<std::vector<PoseFrame>> read_coco(std::string_view text, const std::string& file,
                                         const geometry::Camera& camera, size_t camera_index,
                                         double sigma_px);

/// Reads keypoints of every camera of a site from a folder or bucket prefix: a dataset's poses
/// tables (read_dataset_poses()), or for each camera NAME/poses.parquet as `lido scene` writes it,
/// NAME.json of COCO's format, coco/NAME.json or, from a simulated film, truth/NAME.parquet (as
/// seen through waves). Cameras without any have no frames.
/// @return One list of frames for each camera. kNotFound when the folder has a file of no camera;
///         kInvalidArgument and kCorrupt, naming the file; errors of storage.
Result<CameraFrames> read_poses(const std::string& folder, const geometry::Site& site,
                                const KeypointOptions& options);

}  // namespace lido::reconstruct
