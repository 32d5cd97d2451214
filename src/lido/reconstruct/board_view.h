// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "lido/geometry/camera.h"
#include "lido/reconstruct/board_finder.h"
#include "lido/reconstruct/bundle.h"

namespace lido::reconstruct {

/// Corners of the board in one image; empty where it was not seen.
using BoardView = std::vector<BoardCorner>;

/// Whether a view shows enough of the board for its pose: six corners, not all in one line.
bool fixes_pose(const Board& board, const BoardView& view);

/// Whether the lens maps a ray to each corner of the image, and does not fold back inside it.
bool shows_whole_image(const geometry::Camera& camera);

/// Estimates a camera's focal lengths, principal point and radial distortion from views of the
/// board, by OpenCV: a start for adjust(). At most 16 views are used, that differ in place and
/// size.
/// @param width,height  Size of the images, pixels.
/// @return kDegenerate when fewer than four views fix a pose, or when no lens fits them.
Result<geometry::Camera> estimate_lens(const Board& board, std::span<const BoardView> views,
                                       int width, int height);

/// Pose of the board in a camera's axes, from one view.
/// @return Nothing when the view does not fix it.
std::optional<BoardPose> pose_in_camera(const Board& board, const geometry::Camera& camera,
                                        const BoardView& view);

}  // namespace lido::reconstruct
