// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lido/geometry/camera.h"

namespace lido::reconstruct {

/// A camera as another program calibrated it.
struct FileCamera {
  geometry::Camera camera;  ///< In the axes and the unit of the file.
  bool has_pose = true;     ///< Whether the file has a pose too, and not a lens alone.
};

/// Returns a name as site.yaml has it for a camera: lower-case letters, digits, _ and -. Pure.
std::string camera_name(std::string_view text);

/// Reads cameras of Anipose, Pose2Sim or caliscope: TOML tables with name, size, matrix,
/// distortions, rotation (a vector, as of OpenCV), translation and fisheye. Pure.
/// @param file  Name for errors.
/// @return kInvalidArgument that names file, camera, key and what was wanted.
Result<std::vector<FileCamera>> read_camera_toml(std::string_view text, const std::string& file);

/// Reads one camera of a YAML file of OpenCV or ROS: image_width, image_height, camera_matrix,
/// distortion_coefficients, distortion_model, camera_name; and rotation or rvec with translation or
/// tvec, where the file has a pose. Pure.
/// @param name  Name of a camera whose file does not name it.
/// @return As read_camera_toml().
Result<std::vector<FileCamera>> read_opencv_camera(std::string_view text, const std::string& file,
                                                   const std::string& name);

/// Reads a model of COLMAP as text. Each image is a camera; the stem of its name is the camera's
/// name. Pure.
/// @param cameras,images  Texts of cameras.txt and images.txt.
/// @param file  Folder of both, for errors.
/// @return As read_camera_toml(); also for a camera model that Lido does not have.
Result<std::vector<FileCamera>> read_colmap(std::string_view cameras, std::string_view images,
                                            const std::string& file);

/// Reads cameras from a file or folder: TOML, YAML of OpenCV or ROS, or a folder with a COLMAP
/// model as text.
/// @return kNotFound; errors of the functions above.
Result<std::vector<FileCamera>> read_cameras(const std::string& uri);

/// Texts of a COLMAP model without points.
struct ColmapModel {
  std::string cameras, images, points;  ///< cameras.txt, images.txt, points3D.txt.
};

/// Writes cameras as COLMAP has them. Pure.
ColmapModel to_colmap(std::span<const geometry::Camera> cameras);

/// Writes a camera as OpenCV's FileStorage does, with its pose as rvec and tvec. Pure.
std::string to_opencv(const geometry::Camera& camera);

}  // namespace lido::reconstruct
