// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/geometry/point.h"

namespace lido::reconstruct {

/// A flat calibration board: a ChArUco board, or a plain checkerboard.
///
/// Board axes: x along the columns, y along the rows, z = 0 on the board, metres. Inner corners are
/// numbered along x first, as OpenCV does.
struct Board {
  bool charuco = true;  ///< Markers in its white squares; false: a plain checkerboard.
  int columns = 0;      ///< Squares along x.
  int rows = 0;         ///< Squares along y.
  double square_m = 0;  ///< Side of a square.
  double marker_m = 0;  ///< Side of a marker; 0 without markers.
  std::string dictionary = "DICT_4X4_50";  ///< OpenCV's name of the set of markers.
  bool inverted = false;                   ///< Printed white on black.

  int inner_columns() const { return columns - 1; }
  int inner_rows() const { return rows - 1; }
  int inner_corners() const { return inner_columns() * inner_rows(); }
  /// Position of each inner corner in board axes.
  std::vector<geometry::Vector3> corner_positions() const;
};

/// Reads a board's TOML file, also as caliscope writes it. docs/reconstruction.md lists the keys.
/// @param file  Named in errors.
/// @return kInvalidArgument with file and line: an unknown key, a size without a known unit, or a
///         board whose orientation is ambiguous.
Result<Board> read_board(std::string_view text, const std::string& file);

}  // namespace lido::reconstruct
