// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "lido/base/rational.h"
#include "lido/reconstruct/calibrate.h"

namespace lido::reconstruct {

/// Looks for a board in clips of several cameras that began together, a thread for each clip.
/// @param uris  Files, gs:// or s3:// objects; a camera is named like its file, without suffix.
/// @param on_frame  Called by several threads, with the number of frames searched.
/// @return kInvalidArgument for two clips of one name; kDegenerate, naming the clip and what its
///         images show instead, where no frame shows the board; errors of storage and of clips
///         that are broken before their last frame.
Result<std::vector<CameraViews>> find_board(const Board& board,
                                            const std::vector<std::string>& uris, double fps,
                                            const std::function<void(int64_t)>& on_frame,
                                            const std::stop_token& stop);

}  // namespace lido::reconstruct
