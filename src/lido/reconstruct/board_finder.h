// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lido/media/convert.h"
#include "lido/reconstruct/board.h"

namespace lido::reconstruct {

/// An inner corner of a board in an image.
struct BoardCorner {
  int id = 0;  ///< Index into Board::corner_positions().
  /// Pixels from the left edge of the left pixel and the top edge of the top one.
  Eigen::Vector2d pixel = Eigen::Vector2d::Zero();
};

/// Finds a board's inner corners in images, by OpenCV. Not thread-safe.
class BoardFinder {
 public:
  /// @return kInvalidArgument for a dictionary that OpenCV does not have, or one with fewer markers
  ///         than the board.
  static Result<BoardFinder> make(const Board& board);
  BoardFinder(BoardFinder&&) noexcept;
  BoardFinder& operator=(BoardFinder&&) noexcept;
  ~BoardFinder();

  /// Returns the corners in ascending order of id; empty where the board is not seen. A ChArUco
  /// board may be seen in part, a checkerboard only as a whole.
  /// @return kCorrupt with OpenCV's reason.
  Result<std::vector<BoardCorner>> find(const media::GreyImage& image);

  /// Returns why an image without corners might have none: a mirrored image, a board printed the
  /// other way round, markers of another dictionary or of a larger board. Empty: nothing found.
  std::string explain(const media::GreyImage& image);

 private:
  struct State;
  explicit BoardFinder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lido::reconstruct
